"""Company names in a form in which equal companies have equal names.

Two forms come out: `normalised_name`, readable, without legal form, for people and for similarity; and `name_key`,
without spaces, kana length and old kanji, for equality. The legal form and the branch are kept: they are evidence too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from identity.rules import LegalForm
from identity.text import UNSPACED, fold_all, keys_all, scripts_all, words_all

_FORMULA: Final = re.compile(r"^\s*[=@+\-][\w.]*[|(!]")
_FORMULA_STARTS: Final = frozenset("=@+- \t\u3000\xa0")
_MOJIBAKE: Final = re.compile("[ÂÃâãäåæçèéêëìíîïðñ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|\ufffd")
_BRANCH_WORDS: Final = (
    "支店", "支社", "支部", "支局", "営業所", "営業部", "事業所", "事業部", "事業本部", "出張所", "工場", "本社", "本店",
    "分室", "研究所", "駐在員事務所", "サービスセンター", "カスタマーセンター", "物流センター", "配送センター",
)  # fmt: skip
_BRANCH_ENDS: Final = (*_BRANCH_WORDS, "日本法人", "キャンパス", "事業場", "本部", "部", "課")
_BRANCH_WORD: Final = "|".join(_BRANCH_WORDS)
_BRANCH: Final = re.compile(
    rf"^(?P<base>.*\S)\s+(?P<tail>\S*?(?:{_BRANCH_WORD}|日本法人|キャンパス|事業場|\S部|\S課))$"
)
_BRANCH_TAIL: Final = re.compile(rf"^\s*(?P<tail>\S*(?:{_BRANCH_WORD}|\S部|\S課))$")
_BRANCH_BRACKET: Final = re.compile(rf"^(?P<base>.*\S)\s*\((?P<tail>[^()]*(?:{_BRANCH_WORD}|日本法人))\)$")
_OFFICE_WORDS: Final = (
    "branch", "office", "plant", "factory", "headquarters", "hq", "dept", "department", "division", "warehouse", "depot",
)  # fmt: skip
_OFFICE_ENDS: Final = (*_OFFICE_WORDS, *(f"{word})" for word in _OFFICE_WORDS))
_OFFICE: Final = re.compile(
    rf"^(?P<base>.*\S)\s*(?:\s[-–—|]\s|,\s|\()\s*(?P<tail>(?:[\w.]+\s){{0,3}}(?:{'|'.join(_OFFICE_WORDS)}))\)?$"
)
# Words that make no company of a placeholder.
_FILLERS: Final = frozenset((
    "a", "an", "and", "account", "accounts", "client", "clients", "company", "companies", "contact", "corp",
    "corporation", "customer", "customers", "data", "entry", "for", "inc", "is", "lead", "ltd", "my", "name", "new",
    "no", "not", "of", "old", "only", "organisation", "organization", "prospect", "record", "sample", "the", "this",
    "to", "user", "yet", "your",
))  # fmt: skip
_FILLERS_UNSPACED: Final = frozenset((
    "会社", "企業", "様", "殿", "顧客", "法人", "名", "名前", "アカウント", "用", "データ", "取引先", "の", "社",
    "客", "お客様", "登録",
))  # fmt: skip
_LONGEST_FILLED: Final = 30
_LONGEST_PART: Final = 10
_REPEATED: Final = re.compile(r"^(.)\1{2,}$")
_MOST_FORMS: Final = 3


@dataclass(frozen=True)
class Name:
    """What one company name says.

    Attributes
    ----------
    normalised_name : readable text without legal form and branch; '' if the name says nothing
    name_key : the same for equality; '' if the name cannot be used for matching
    legal_form : canonical form, '' if none is written
    branch : branch or department tail that was cut off, '' if none
    scripts : bit set over `identity.text.SCRIPTS`; 0 for digits only
    is_placeholder : the name stands for no company
    issues : why the name is not used, or was repaired
    """

    normalised_name: str = ""
    name_key: str = ""
    legal_form: str = ""
    branch: str = ""
    scripts: int = 0
    is_placeholder: bool = False
    issues: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """What many names say: each attribute as in `Name`, one value for each text."""

    normalised_name: list[str]
    name_key: list[str]
    legal_form: list[str]
    branch: list[str]
    scripts: NDArray[np.int64]
    is_placeholder: list[bool]
    issues: list[tuple[str, ...]]

    def __getitem__(self, at: int) -> Name:
        return Name(
            self.normalised_name[at],
            self.name_key[at],
            self.legal_form[at],
            self.branch[at],
            int(self.scripts[at]),
            self.is_placeholder[at],
            self.issues[at],
        )


class NameReader:
    """Reads company names by the legal forms and placeholders of the rules.

    Parameters
    ----------
    legal_forms : spellings with position
    placeholder_names : names that stand for no company; `*` stands for anything, `#` for digits
    max_length : characters; a longer name is kept but not used
    abbreviations : words that stand for others, whatever the name; in unspaced scripts, ends of names
    common_words : words of which no name consists alone once a form in front of it is cut off
    """

    def __init__(
        self,
        legal_forms: Sequence[LegalForm],
        placeholder_names: Sequence[str],
        max_length: int,
        abbreviations: Mapping[str, str] | None = None,
        common_words: Collection[str] = (),
    ) -> None:
        self._max_length = max_length
        self._abbreviations = _Abbreviations(abbreviations or {})
        self._forms = _LegalForms(legal_forms, common_words)
        self._placeholder_keys: set[str] = set()
        patterns: list[tuple[str, str]] = []
        folded = fold_all(placeholder_names)
        for name, text, key in zip(placeholder_names, folded, keys_all(words_all(folded)), strict=True):
            if "*" in name or "#" in name:
                patterns.append((text, _placeholder_pattern(text)))
            else:
                self._placeholder_keys.add(key or text.strip())
        # 'No company' is a placeholder although its last word is a legal form: what is left may be the beginning or end of one.
        self._placeholder_parts = {key[:end] for key in self._placeholder_keys for end in range(1, len(key))}
        self._placeholder_parts |= {key[start:] for key in self._placeholder_keys for start in range(1, len(key))}
        self._placeholder_patterns = [(max(re.findall(r"[^\s*#]+", t), key=len), re.compile(p)) for t, p in patterns]

    def read(self, text: str) -> Name:
        """Return what one name says."""
        return self.read_all([text])[0]

    def read_real(self, text: str) -> Name:
        """Read a name that is known to be a company's although others use it to fill a field."""
        base, legal_form, branch = self._forms.strip(fold_all([text])[0])
        words, form = self._forms.strip_words(words_all([base])[0])
        key = keys_all([words])[0]
        return Name(words, key, legal_form or form, branch, int(scripts_all([words])[0]))

    def read_all(self, texts: Sequence[str]) -> Names:
        """Return what each name says; the same text gives the same answer whatever stands beside it."""
        if not texts:
            return Names([], [], [], [], np.zeros(0, np.int64), [], [])
        issues: list[tuple[str, ...]] = [()] * len(texts)
        sources, usable = self._usable(texts, issues)
        folded = fold_all(sources)
        is_placeholder = [False] * len(texts)
        bases, forms, branches = [], [""] * len(texts), [""] * len(texts)
        for at, line in enumerate(folded):
            base, forms[at], branches[at] = self._forms.strip(line) if line else ("", "", "")
            bases.append(base)
        words = words_all(bases)
        for at, line in enumerate(words):
            words[at], form = self._forms.strip_words(line)
            forms[at] = forms[at] or form
            words[at] = self._abbreviations.spell_out(words[at])
        keys = keys_all(words)
        self._mark_placeholders(folded, forms, branches, words, keys, is_placeholder)
        for at in range(len(words)):
            if usable[at] is not None:
                # Not used, but kept readable.
                if usable[at] == "name_is_formula":
                    is_placeholder[at] = True
                words[at], keys[at], forms[at], branches[at] = " ".join(words_all([folded[at]])), "", "", ""
            elif is_placeholder[at]:
                words[at], keys[at], forms[at], branches[at] = words_all([folded[at]])[0], "", "", ""
                issues[at] = (*issues[at], "name_placeholder")
            elif not keys[at]:
                forms[at] = branches[at] = ""
                blank = not folded[at].strip() and not texts[at].strip()
                issues[at] = ("name_empty",) if blank else (*issues[at], "name_without_letters")
        scripts = np.where([bool(key) for key in keys], scripts_all(words), 0)
        return Names(words, keys, forms, branches, scripts.astype(np.int64), is_placeholder, issues)

    def _usable(self, texts: Sequence[str], issues: list[tuple[str, ...]]) -> tuple[list[str], list[str | None]]:
        """Texts to be read, repaired and cut; and the issue for which a text is not used, None if it is."""
        sources, reasons = list(texts), [None] * len(texts)
        unusable: list[str | None] = list(reasons)
        for at, text in enumerate(sources):
            if len(text) > self._max_length:
                sources[at], unusable[at] = text[: self._max_length], "name_too_long"
            elif text[:1] in _FORMULA_STARTS and _FORMULA.search(text):
                unusable[at] = "name_is_formula"
            elif not text.isascii() and _MOJIBAKE.search(text):
                repaired = _repair(text)
                if repaired is None:
                    unusable[at] = "name_mojibake"
                else:
                    sources[at], issues[at] = repaired, ("name_mojibake_repaired",)
            if "&" in text and ";" in text and unusable[at] is None:
                sources[at] = html.unescape(sources[at])
            reason = unusable[at]
            if reason is not None:
                issues[at] = (reason,)
        return sources, unusable

    def _mark_placeholders(
        self,
        folded: list[str],
        forms: list[str],
        branches: list[str],
        words: list[str],
        keys: list[str],
        marks: list[bool],
    ) -> None:
        known, parts = self._placeholder_keys, self._placeholder_parts
        stripped = []
        for at, (line, key) in enumerate(zip(folded, keys, strict=True)):
            if (
                key in known
                or line in known
                or (len(key) > 2 and key[0] == key[1] == key[2] and _REPEATED.match(key))
                or (key and len(key) <= _LONGEST_FILLED and self._is_filled(key, words[at]))
            ):
                marks[at] = True
            elif (forms[at] or branches[at]) and key in parts:
                stripped.append(at)
            elif not key and line.strip() in known:
                marks[at] = True
        whole = keys_all(words_all([folded[at] for at in stripped]))
        for at, key in zip(stripped, whole, strict=True):
            marks[at] = marks[at] or key in known
        text = "\n".join(folded)
        for literal, pattern in self._placeholder_patterns:
            if literal in text:
                for at, line in enumerate(folded):
                    if literal in line and pattern.fullmatch(" ".join(line.split())):
                        marks[at] = True

    def _is_filled(self, key: str, words: str) -> bool:
        """Whether a name is made of placeholders and words that say nothing: 'unknown customer', '個人（会社なし）'."""
        known = self._placeholder_keys
        parts = words.split(" ")
        if not UNSPACED.search(key):
            return len(parts) > 1 and any(p in known for p in parts) and all(p in known or p in _FILLERS for p in parts)
        return _is_covered(key, known, _FILLERS_UNSPACED)


def _is_covered(key: str, known: Collection[str], fillers: Collection[str]) -> bool:
    """Whether a text can be cut into known parts and fillers, at least one of them known."""
    # Reached: places up to which the text is cut, and whether a known part was among the pieces.
    reached = {(0, False)}
    for start in range(len(key)):
        for is_known in (False, True):
            if (start, is_known) in reached:
                for end in range(start + 1, min(start + _LONGEST_PART, len(key)) + 1):
                    part = key[start:end]
                    if part in fillers:
                        reached.add((end, is_known))
                    if len(part) > 1 and part in known:
                        reached.add((end, True))
    return (len(key), True) in reached


class _Abbreviations:
    """Spells out words of names."""

    def __init__(self, abbreviations: Mapping[str, str]) -> None:
        shorts = words_all(fold_all(list(abbreviations)))
        fulls = words_all(fold_all(list(abbreviations.values())))
        self._words: dict[str, str] = {}
        self._ends: dict[str, str] = {}
        for short, full in zip(shorts, fulls, strict=True):
            if short and full and short != full:
                (self._ends if UNSPACED.search(full) else self._words).setdefault(short, full)
        self._end_texts = tuple(sorted(self._ends, key=lambda end: (-len(end), end)))

    def spell_out(self, words: str) -> str:
        """Words with abbreviations spelled out."""
        if words.isascii() or not UNSPACED.search(words):
            known = self._words
            parts = words.split(" ")
            for at, part in enumerate(parts):
                if part in known:
                    # A conjunction stands between two words.
                    full = known[part]
                    if full != "and" or 0 < at < len(parts) - 1:
                        parts[at] = full
            return " ".join(parts)
        if words.endswith(self._end_texts):
            end = next(end for end in self._end_texts if words.endswith(end))
            if len(words) > len(end) and not words[: -len(end)][-1:].isascii():
                return f"{words[: -len(end)].rstrip()}{self._ends[end]}"
        return words


class _LegalForms:
    """Finds legal forms and branch tails in folded names."""

    def __init__(self, legal_forms: Sequence[LegalForm], common: Collection[str]) -> None:
        self._common = common
        # What the SEC puts behind names that several states know: GENERAL SOMETHING INC /DE/
        self._slashed: dict[str, str] = {}
        self._bracketed: dict[str, str] = {}
        self._glued: dict[str, str] = {}
        self._front_words: dict[str, str] = {}
        self._behind_words: dict[str, str] = {}
        front: list[str] = []
        behind: list[str] = []
        spellings = sorted(legal_forms, key=lambda form: (-len(form.form), form.form, form.canonical_form))
        # Longest first, so that 股份有限公司 is not read as 有限公司.
        for form, text in zip(spellings, fold_all([form.form for form in spellings]), strict=True):
            if text.startswith("/"):
                self._slashed[text.rstrip("/")] = form.canonical_form
            elif text.startswith("(") and text.endswith(")"):
                self._bracketed.setdefault(text, form.canonical_form)
            elif UNSPACED.search(text):
                self._glued.setdefault(text, form.canonical_form)
                front += [text] if form.position != "behind" else []
                behind += [text] if form.position != "front" else []
            else:
                words = words_all([text])[0]
                if words and form.position != "behind":
                    self._front_words.setdefault(words, form.canonical_form)
                if words and form.position != "front":
                    self._behind_words.setdefault(words, form.canonical_form)
        self._front, self._behind = _by_character(front, 0), _by_character(behind, -1)
        # 'X株式会社 Y'; a form in front, '株式会社X Y', tells nothing of Y.
        forms = "|".join(re.escape(form) for form in behind if len(form) >= 3)
        self._behind_and_tail = re.compile(rf"^(?P<base>\S.*?)(?P<form>{forms or '(?!)'})\s+(?P<tail>\S.*)$")
        self._glued_front = re.compile("|".join(map(re.escape, front)) or r"(?!)")
        self._bracket = re.compile("|".join(map(re.escape, self._bracketed)) or r"(?!)")
        self._sizes_front, self._sizes_behind = _sizes(self._front_words, 0), _sizes(self._behind_words, -1)

    def strip(self, folded: str) -> tuple[str, str, str]:
        """Name without bracketed and glued legal forms and branch, the legal form, the branch."""
        text = folded.strip()
        if "/" in text:
            head, _, tail_word = text.rstrip("/").rpartition("/")
            if head.strip() and f"/{tail_word}" in self._slashed:
                text = head.strip()
        if text.isascii():
            if "(" not in text and not text.endswith(_OFFICE_ENDS):
                return text, "", ""
            text, legal_form = self._strip_bracketed(text)[:2]
            tail = _OFFICE.match(text)
            return (tail["base"], legal_form, tail["tail"]) if tail else (text, legal_form, "")
        legal_form = branch = ""
        if "(" in text:
            text, legal_form, branch = self._strip_bracketed(text)
            tail = _BRANCH_BRACKET.match(text)
            if tail:
                text, branch = tail["base"], tail["tail"]
        if text.endswith(_OFFICE_ENDS):
            tail = _OFFICE.match(text)
            if tail:
                text, branch = tail["base"], tail["tail"]
        if text.endswith(_BRANCH_ENDS):
            tail = _BRANCH.match(text)
            if tail:
                text, branch = tail["base"], tail["tail"]
        text, glued, tail_text = self._strip_glued(text)
        return text, legal_form or glued, branch or tail_text

    def strip_words(self, text: str) -> tuple[str, str]:
        """Name without legal forms that are words of their own, and the form."""
        words = text.split(" ")
        if words[-1] == "the" and len(words) > 1:
            # Bank of Somewhere, The
            text, words = text.removesuffix(" the"), words[:-1]
        sizes, front_sizes = self._sizes_behind.get(words[-1]), self._sizes_front.get(words[0])
        if sizes is None and front_sizes is None:
            return text, ""
        legal_form = ""
        # A name may end in several forms ("X Holdings Co., Ltd. (publ)").
        for _ in range(_MOST_FORMS):
            form = ""
            for size in sizes or ():
                # Hotel Verde & Spa is not an S.p.A.
                if size < len(words) and words[-size - 1] != "and":
                    form = self._behind_words.get(" ".join(words[-size:]), "")
                    if form:
                        del words[-size:]
                        break
            if not form:
                break
            legal_form = form
            sizes = self._sizes_behind.get(words[-1])
        for size in front_sizes or ():
            if size < len(words):
                form = self._front_words.get(" ".join(words[:size]), "")
                # AB Foods and PT Systems are not 'Foods' and 'Systems'.
                if form and not all(word in self._common for word in words[size:]):
                    legal_form = legal_form or form
                    del words[:size]
                    break
        return (" ".join(words), legal_form) if legal_form else (text, "")

    def _strip_bracketed(self, text: str) -> tuple[str, str, str]:
        found = self._bracket.search(text)
        if not found:
            return text, "", ""
        legal_form, rest = self._bracketed[found.group()], text[found.end() :]
        tail = _BRANCH_TAIL.match(rest)
        if tail and text[: found.start()].strip():
            return text[: found.start()].strip(), legal_form, tail["tail"]
        return f"{text[: found.start()]} {rest}".strip(), legal_form, ""

    def _strip_glued(self, text: str) -> tuple[str, str, str]:
        # What stands behind a legal form and a space is a department or a site.
        found = self._behind_and_tail.match(text) if " " in text else None
        if found and _has_letter(found["base"]):
            return found["base"].rstrip(), self._glued[found["form"]], found["tail"]
        legal_form = ""
        for form in self._behind.get(text[-1:], ()):
            if text.endswith(form):
                if _has_letter(text[: -len(form)]):
                    text, legal_form = text[: -len(form)].rstrip(), self._glued[form]
                break
        for form in self._front.get(text[:1], ()):
            if text.startswith(form):
                if _has_letter(text[len(form) :]):
                    text, legal_form = text[len(form) :].lstrip(), legal_form or self._glued[form]
                break
        if not legal_form and text.endswith(_BRANCH_ENDS):
            found = self._glued_front.search(text)
            tail = _BRANCH_TAIL.match(text[found.end() :]) if found else None
            if found and tail and _has_letter(text[: found.start()]):
                return text[: found.start()], self._glued[found.group()], tail["tail"]
        return text, legal_form, ""


def _sizes(forms: Iterable[str], place: int) -> dict[str, list[int]]:
    """Numbers of words, the largest first, of the forms that have a word at their end (-1) or beginning (0)."""
    sizes: dict[str, set[int]] = {}
    for form in forms:
        words = form.split()
        sizes.setdefault(words[place], set()).add(len(words))
    return {word: sorted(found, reverse=True) for word, found in sizes.items()}


def _by_character(forms: Iterable[str], place: int) -> dict[str, list[str]]:
    """Forms, the longest first, by their last (-1) or first (0) character."""
    found: dict[str, list[str]] = {}
    for form in forms:
        found.setdefault(form[place], []).append(form)
    return found


def _has_letter(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _repair(text: str) -> str | None:
    """Text whose UTF-8 bytes were read as Windows-1252, read rightly; None if that is not what happened."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _placeholder_pattern(folded: str) -> str:
    meaning = {"*": ".*", "#": r"\d+"}
    return "".join(meaning.get(part, re.escape(part)) for part in re.split(r"([*#])", folded))
