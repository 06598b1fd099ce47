"""Demo input: a landing folder of invented companies, and beside it the truth that a good score should find."""

from __future__ import annotations

from demo.errors import DemoError
from demo.files import Marker, is_written, read_marker
from demo.landing import Summary, write_landing

__all__ = ["DemoError", "Marker", "Summary", "is_written", "read_marker", "write_landing"]
