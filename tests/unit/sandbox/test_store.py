from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.dml import Operation
from sandbox.org import Org
from sandbox.records import Write
from tests.unit.sandbox.running import TestClock


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    made = Org(tmp_path, clock=TestClock())
    yield made
    made.close()


def count(org: Org) -> int:
    return int(org.store.reader().execute('select count(*) from "Account"').fetchone()[0])


def insert(org: Org) -> None:
    org.dml().run(org.schema.objects["Account"], Operation.INSERT, [Write({"Name": "A"})])


def test_what_fails_inside_leaves_only_what_was_before(org: Org) -> None:
    def fail_inside() -> None:
        with org.store.transaction():
            raise RuntimeError

    with org.store.transaction():
        insert(org)
        with pytest.raises(RuntimeError):
            fail_inside()
        assert count(org) == 1  # a transaction sees its own writes
    assert count(org) == 1
    with pytest.raises(RuntimeError), org.store.transaction():
        insert(org)
        raise RuntimeError
    assert count(org) == 1


def test_a_state_is_the_same_after_it_was_closed(tmp_path: Path) -> None:
    first = Org(tmp_path / "state", clock=TestClock())
    insert(first)
    org_id, user_id = first.org_id, first.user_id
    first.close()
    second = Org(tmp_path / "state", clock=TestClock())
    assert (second.org_id, second.user_id, count(second)) == (org_id, user_id, 1)
    insert(second)
    ids = [row[0] for row in second.store.reader().execute('select "Id" from "Account"')]
    assert len(set(ids)) == 2
    second.close()
