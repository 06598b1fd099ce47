"""What can go wrong with input that a person handed over."""

from __future__ import annotations


class LoadError(ValueError):
    """The landing folder or one of its files cannot be used as it is.

    Raised for what its owner must mend (a missing folder, an unreadable file, a missing column), never for a bad row:
    a bad row goes to `raw.rejected` and the load goes on.
    """
