"""Which company a record belongs to: accounts with permanent ids from records of many sources. Pure: tables in, tables out."""

from __future__ import annotations

from identity.domains import domain_keys
from identity.resolve import Resolution, resolve
from identity.rules import IdentityRules, RuleError

__all__ = ["IdentityRules", "Resolution", "RuleError", "domain_keys", "resolve"]
