"""What can go wrong when a demo folder is asked for."""

from __future__ import annotations


class DemoError(ValueError):
    """The demo folder cannot be written as asked: a bad number, a folder that is not ours, no room to write."""
