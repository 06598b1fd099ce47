"""Which company a record belongs to: accounts with permanent ids from records of many sources.

Pure: tables in, tables out.
"""

from __future__ import annotations

from identity.domains import domain_keys
from identity.hierarchy import account_parents
from identity.persist import resolve_alias
from identity.resolve import Resolution, resolve
from identity.rules import IdentityRules, RuleError

__all__ = ["IdentityRules", "Resolution", "RuleError", "account_parents", "domain_keys", "resolve", "resolve_alias"]
