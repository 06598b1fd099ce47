"""Drills: what takes too long for the tests, run by hand with `make drill`."""
