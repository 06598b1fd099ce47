"""Folders that appear whole, and never in the place of somebody else's data."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from demo import DemoError
from demo.files import MARKER, Marker, check_target, folder_in_one_go, is_written, read_marker

REQUEST = Marker(10, 1, date(2026, 10, 31))


def test_a_folder_with_foreign_content_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "budget.xlsx").write_text("mine")
    with pytest.raises(DemoError, match=r"holds budget.xlsx and was not made by `abm demo`"):
        check_target(tmp_path)


def test_a_file_or_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(DemoError, match="a file or a link stands there"):
            check_target(tmp_path / name)


def test_an_empty_a_new_and_an_earlier_demo_folder_are_accepted(tmp_path: Path) -> None:
    check_target(tmp_path)
    check_target(tmp_path / "new")
    (tmp_path / MARKER).write_text(REQUEST.text({}))
    check_target(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made_by": "somebody else"}', "not json"])
def test_another_marker_file_does_not_make_a_folder_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / MARKER).write_text(text)
    assert read_marker(tmp_path) is None
    with pytest.raises(DemoError, match="was not made by"):
        check_target(tmp_path)


def test_a_marker_says_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text(REQUEST.text({"web/page_views": 3}))
    assert read_marker(tmp_path) == REQUEST
    assert is_written(tmp_path, 10, 1, date(2026, 10, 31)) and not is_written(tmp_path, 11, 1, date(2026, 10, 31))


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    leftover = tmp_path / ".landing.being-made"
    leftover.mkdir()
    (leftover / "half.csv").write_text("a,b")
    with folder_in_one_go(tmp_path / "landing") as draft:
        assert list(draft.iterdir()) == []
        (draft / "whole.csv").write_text("a,b")
    assert [path.name for path in (tmp_path / "landing").iterdir()] == ["whole.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["landing"]


def test_two_runs_for_one_place_do_not_meet(tmp_path: Path) -> None:
    with (
        folder_in_one_go(tmp_path / "landing"),
        pytest.raises(DemoError, match="another `abm demo` is writing there"),
        folder_in_one_go(tmp_path / "landing"),
    ):
        pass
    assert (tmp_path / "landing").is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_is_not_writable_is_a_clear_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError), folder_in_one_go(tmp_path / "landing"):
        pass
