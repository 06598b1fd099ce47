"""Company identifiers that may be relied upon: right length, right check digit, not typed to fill a field."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import stdnum.jp.cn
import stdnum.lei

_SEPARATORS: Final = re.compile(r"[\s\-‐‑‒–—―−ー_./·・]+")
_SCIENTIFIC: Final = re.compile(r"^[+-]?\d+(?:[.,]\d+)?e[+-]?\d+$")
_NO_NUMBER: Final = frozenset(("", "na", "n/a", "none", "null", "nan", "unknown", "tbd", "-", "不明", "なし"))


def corporate_number(text: str) -> tuple[str, str]:
    """Japanese corporate number (法人番号, 13 digits), or '' and the issue.

    A leading T, as on invoices, is allowed. Check digit: National Tax Agency, by `stdnum.jp.cn`.
    """
    digits, issue = _clean(text, "corporate_number")
    if not digits:
        return "", issue
    if digits.startswith("t"):
        digits = digits[1:]
    if not _is_digits(digits) or len(set(digits)) == 1 or not stdnum.jp.cn.is_valid(digits):
        # 9999999999999 has the right check digit, and nobody.
        return "", "corporate_number_invalid"
    return digits, ""


def lei(text: str) -> tuple[str, str]:
    """Legal entity identifier (ISO 17442, 20 characters, mod 97-10 by `stdnum.lei`), or '' and the issue."""
    code, issue = _clean(text, "lei")
    if not code:
        return "", issue
    code = code.upper()
    return (code, "") if code.isascii() and stdnum.lei.is_valid(code) else ("", "lei_invalid")


def duns(text: str) -> tuple[str, str]:
    """D-U-N-S number (9 digits; it carries no check digit any more), or '' and the issue."""
    digits, issue = _clean(text, "duns")
    if not digits:
        return "", issue
    if len(digits) != 9 or not _is_digits(digits) or len(set(digits)) == 1 or digits == "123456789":
        return "", "duns_invalid"
    return digits, ""


def _clean(text: str, name: str) -> tuple[str, str]:
    cleaned = unicodedata.normalize("NFKC", text[:100]).strip().lower()
    if cleaned in _NO_NUMBER:
        return "", ""
    if _SCIENTIFIC.match(cleaned):
        # A spreadsheet has rounded the number: what is left is not the number.
        return "", f"{name}_scientific"
    # 7000012050002.0 is how a number column of a spreadsheet comes out as text.
    return _SEPARATORS.sub("", cleaned.removesuffix(".0")), ""


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
