"""Landing files into the `raw` schema, by batch, with every unreadable row accounted for."""

from __future__ import annotations

from loading.batches import load_landing, store_extract
from loading.contract import CONTRACT, ContractTable
from loading.errors import LoadError

__all__ = ["CONTRACT", "ContractTable", "LoadError", "load_landing", "store_extract"]
