"""Pages as files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from orchestration.errors import UsageError


def write_page(page: Path, html: str) -> None:
    """Let the file hold this page; a reader sees the old page or the new one, never half of one.

    Folders above it are made.

    Raises
    ------
    UsageError
        If the path is a folder, or cannot be written.
    """
    if page.is_dir():
        raise UsageError(f"{page} is a folder; expected the name of a file, such as {page / 'account.html'}.")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(prefix=page.name[:50] + ".", suffix=".new", dir=page.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(html)
            os.chmod(fresh, _mode_of_new_files())
            os.replace(fresh, page)
        except BaseException:
            os.unlink(fresh)
            raise
    except OSError as error:
        raise UsageError(f"{page}: cannot be written ({error.strerror}). Choose another file.") from error


def _mode_of_new_files() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
