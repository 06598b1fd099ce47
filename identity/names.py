"""Company names in a form in which equal companies have equal names.

Two forms come out: `normalised_name`, readable, without legal form, for people and for similarity; and `name_key`,
without spaces, kana length and old kanji, for equality. The legal form and the branch are kept: they are evidence too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.legal_forms import LegalForms
from identity.lines import (
    Flags,
    Ints,
    Texts,
    Words,
    are_ascii,
    bytes_of,
    column_of,
    flags_of,
    has,
    is_all_ascii,
    is_in,
    listed,
    merged,
    places_in,
    split_column,
)
from identity.rules import LegalForm
from identity.text import (
    UNSPACED,
    are_unspaced,
    fold_all,
    folded,
    keys_all,
    keys_of,
    scripts_all,
    split_all,
    words_all,
)

_FORMULA: Final = re.compile(r"^\s*[=@+\-][\w.]*[|(!]")
_FORMULA_START: Final = "^[-=@+ \t\u3000\xa0]"
_MOJIBAKE: Final = "\ufffd|[ÂÃâãäåæçèéêëìíîïðñ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
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
# A text with & and ; may hold characters as HTML writes them.
_ENTITY: Final = "(?s)&.*;|;.*&"
_LONGEST_FILLED: Final = 30
# A pattern that is found nowhere.
_NOTHING: Final = r"[^\s\S]"
_LONGEST_PART: Final = 10


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
    """What many names say: each attribute as in `Name`, one value for each text; issues of the texts that have any."""

    normalised_name: pa.LargeStringArray
    name_key: pa.LargeStringArray
    legal_form: pa.LargeStringArray
    branch: pa.LargeStringArray
    scripts: Ints
    is_placeholder: Flags
    issues: dict[int, tuple[str, ...]]

    def __getitem__(self, at: int) -> Name:
        return Name(
            self.normalised_name[at].as_py(),
            self.name_key[at].as_py(),
            self.legal_form[at].as_py(),
            self.branch[at].as_py(),
            int(self.scripts[at]),
            bool(self.is_placeholder[at]),
            self.issues.get(at, ()),
        )


@dataclass(frozen=True)
class _Read:
    """What usable names say before it is known which of them are used."""

    folded: pa.LargeStringArray
    lines: pa.LargeStringArray
    keys: pa.LargeStringArray
    forms: pa.LargeStringArray
    branches: pa.LargeStringArray
    marks: Flags

    def merged(self, is_mine: Flags, other: _Read) -> _Read:
        """These names where the (n,) flags are set, the others elsewhere."""
        marks = np.zeros(len(is_mine), dtype=bool)
        marks[is_mine], marks[~is_mine] = self.marks, other.marks
        return _Read(
            merged(is_mine, self.folded, other.folded),
            merged(is_mine, self.lines, other.lines),
            merged(is_mine, self.keys, other.keys),
            merged(is_mine, self.forms, other.forms),
            merged(is_mine, self.branches, other.branches),
            marks,
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
        self._forms = LegalForms(legal_forms, common_words)
        # Many records have the same few of these names.
        self._read_real_once = lru_cache(maxsize=10_000)(self._read_real)
        self._placeholder_keys: set[str] = set()
        patterns: list[tuple[str, str]] = []
        folded = fold_all(placeholder_names)
        for name, text, key in zip(placeholder_names, folded, keys_all(words_all(folded)), strict=True):
            if "*" in name or "#" in name:
                patterns.append((text, _placeholder_pattern(text)))
            else:
                self._placeholder_keys.add(key or text.strip())
        # 'No company' is a placeholder although its last word is a legal form: what is left may be the beginning or end of one.
        beginnings = {key[:end] for key in self._placeholder_keys for end in range(1, len(key))}
        ends = {key[start:] for key in self._placeholder_keys for start in range(1, len(key))}
        self._known, self._parts, self._fillers = (
            column_of(sorted(texts)) for texts in (self._placeholder_keys, beginnings | ends, _FILLERS)
        )
        parts = [part for part in (*self._placeholder_keys, *_FILLERS_UNSPACED) if part]
        # Few keys begin and end as a part does.
        begin, end = ("".join(re.escape(char) for char in sorted({part[at] for part in parts})) for at in (0, -1))
        self._like_parts = f"^[{begin}](?s:.*)[{end}]$|^(?s:.)$"
        self._placeholder_patterns = [(max(re.findall(r"[^\s*#]+", t), key=len), re.compile(p)) for t, p in patterns]
        # Without patterns, one that is found nowhere.
        self._literals = "|".join(re.escape(literal) for literal, _ in self._placeholder_patterns) or _NOTHING

    def read(self, text: str) -> Name:
        """Return what one name says."""
        return self.read_all([text])[0]

    def read_real(self, text: str) -> Name:
        """Read a name that is known to be a company's although others use it to fill a field."""
        return self._read_real_once(text)

    def _read_real(self, text: str) -> Name:
        bases, forms, branches = self._forms.strip_all(folded(column_of([text])))
        words, of_words = self._forms.strip_words(split_all(bases))
        line, key = words.joined()[0].as_py(), keys_of(words)[0].as_py()
        form = forms[0].as_py() or of_words[0].as_py()
        return Name(line, key, form, branches[0].as_py(), int(scripts_all([line])[0]))

    def read_all(self, texts: Texts) -> Names:
        """Return what each name says; the same text gives the same answer whatever stands beside it."""
        texts = column_of(texts)
        sources, unusable, issues = self._usable(texts)
        is_ascii = are_ascii(sources)
        ascii_names = self._read(sources.filter(pa.array(is_ascii)))
        read = ascii_names.merged(is_ascii, self._read(sources.filter(pa.array(~is_ascii))))
        marks = read.marks
        for at, reason in unusable.items():
            marks[at] |= reason == "name_is_formula"
            issues[at] = (reason,)
        is_unread = marks.copy()
        is_unread[list(unusable)] = True
        # Not used, but kept readable.
        unread = pa.array(is_unread)
        lines = pc.replace_with_mask(read.lines, unread, split_all(read.folded.filter(unread)).joined())
        keys = pc.if_else(unread, "", read.keys)
        for at in np.flatnonzero(is_unread).tolist():
            if at not in unusable:
                issues[at] = (*issues.get(at, ()), "name_placeholder")
        has_no_key = flags_of(pc.equal(keys, ""))
        for at in np.flatnonzero(has_no_key & ~is_unread).tolist():
            blank = not read.folded[at].as_py().strip() and not texts[at].as_py().strip()
            issues[at] = ("name_empty",) if blank else (*issues.get(at, ()), "name_without_letters")
        without_key = pa.array(has_no_key)
        forms, branches = pc.if_else(without_key, "", read.forms), pc.if_else(without_key, "", read.branches)
        scripts = scripts_all(lines)
        scripts[has_no_key] = 0
        return Names(lines, keys, forms, branches, scripts, marks, issues)

    def _read(self, sources: pa.LargeStringArray) -> _Read:
        lines = folded(sources)
        bases, forms, branches = self._forms.strip_all(lines)
        words, of_words = self._forms.strip_words(split_all(bases))
        forms = pc.if_else(pc.equal(forms, ""), of_words, forms)
        words = self._abbreviations.spell_out(words)
        keys = keys_of(words)
        marks = self._placeholders(lines, forms, branches, words, keys)
        return _Read(lines, words.joined(), keys, forms, branches, marks)

    def _usable(
        self, texts: pa.LargeStringArray
    ) -> tuple[pa.LargeStringArray, dict[int, str], dict[int, tuple[str, ...]]]:
        """Texts to be read, repaired and cut; places of those that are not used, and why; what is wrong with others."""
        changed: dict[int, str] = {}
        unusable: dict[int, str] = {}
        issues: dict[int, tuple[str, ...]] = {}
        longest = self._max_length
        for at in np.flatnonzero(flags_of(pc.greater(pc.utf8_length(texts), longest))).tolist():
            changed[at], unusable[at] = texts[at].as_py()[:longest], "name_too_long"
        for at in np.flatnonzero(has(texts, _FORMULA_START)).tolist():
            if at not in unusable and _FORMULA.search(texts[at].as_py()):
                unusable[at] = "name_is_formula"
        for at in np.flatnonzero(has(texts, _MOJIBAKE)).tolist():
            if at not in unusable:
                repaired = _repair(texts[at].as_py())
                if repaired is None:
                    unusable[at] = "name_mojibake"
                else:
                    changed[at], issues[at] = repaired, ("name_mojibake_repaired",)
        for at in np.flatnonzero(has(texts, _ENTITY)).tolist():
            if at not in unusable:
                changed[at] = html.unescape(changed.get(at) or texts[at].as_py())
        is_changed = np.zeros(len(texts), dtype=bool)
        is_changed[list(changed)] = True
        sources = pc.replace_with_mask(texts, pa.array(is_changed), column_of([changed[at] for at in sorted(changed)]))
        return sources, unusable, issues

    def _placeholders(
        self,
        folded: pa.LargeStringArray,
        forms: pa.LargeStringArray,
        branches: pa.LargeStringArray,
        words: Words,
        keys: pa.LargeStringArray,
    ) -> Flags:
        """(n,) whether each name stands for no company."""
        known = self._placeholder_keys
        marks = is_in(keys, self._known) | is_in(folded, self._known)
        for at in np.flatnonzero(_may_be_one_character(keys)).tolist():
            key = keys[at].as_py()
            marks[at] |= len(key) > 2 and key == key[0] * len(key)
        marks |= self._are_filled(words, keys)
        is_cut = is_in(keys, self._parts) & flags_of(pc.or_(pc.not_equal(forms, ""), pc.not_equal(branches, "")))
        of_cut = keys_of(split_column(split_all(folded.filter(pa.array(is_cut))).joined()))
        marks[is_cut] |= is_in(of_cut, self._known)
        for at in np.flatnonzero(flags_of(pc.equal(keys, ""))).tolist():
            marks[at] |= folded[at].as_py().strip() in known
        for at in np.flatnonzero(has(folded, self._literals)).tolist():
            text = folded[at].as_py()
            for literal, pattern in self._placeholder_patterns:
                if literal in text and pattern.fullmatch(" ".join(text.split())):
                    marks[at] = True
        return marks

    def _are_filled(self, words: Words, keys: pa.LargeStringArray) -> Flags:
        """(n,) whether names are made of placeholders and words that say nothing: 'unknown customer', '個人（会社なし）'."""
        known = self._placeholder_keys
        is_known, is_filler = is_in(words.texts, self._known), is_in(words.texts, self._fillers)
        result = words.any_of(is_known) & words.all_of(is_known | is_filler) & (np.diff(words.starts) > 1)
        for at in np.flatnonzero(result).tolist():
            key = keys[at].as_py()
            result[at] = 0 < len(key) <= _LONGEST_FILLED and not UNSPACED.search(key)
        if not is_all_ascii(keys):
            is_likely = are_unspaced(keys) & has(keys, self._like_parts)
            for at in np.flatnonzero(is_likely).tolist():
                key = keys[at].as_py()
                if len(key) <= _LONGEST_FILLED:
                    result[at] = _is_covered(key, known, _FILLERS_UNSPACED)
        return result


def _may_be_one_character(texts: pa.LargeStringArray) -> Flags:
    """(n,) whether each text may be one character three times or more: its first bytes do not say no."""
    data, places = bytes_of(texts)
    first, sizes = places[:-1], np.diff(places)
    result = sizes > 2
    at = first[result]
    lead = data[at]
    # Bytes of the first character.
    width = 1 + (lead >= 0xC0).astype(np.int64) + (lead >= 0xE0) + (lead >= 0xF0)
    last = np.maximum(first[result] + sizes[result] - 1, 0)
    result[result] = (
        (data[np.minimum(at + width, last)] == lead)
        & (data[np.minimum(at + 2 * width, last)] == lead)
        & (data[np.minimum(at + 2 * width - 1, last)] == data[at + width - 1])
    )
    return result


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
        self._ends_pattern = "(?:" + "|".join(map(re.escape, self._ends)) + ")$" if self._ends else _NOTHING
        self._shorts = column_of(list(self._words))
        # Behind the last one stands what a word becomes that is none of them; it is not looked at.
        self._fulls = column_of([*self._words.values(), ""])
        self._is_conjunction = np.array([full == "and" for full in (*self._words.values(), "")], dtype=bool)
        self._is_several = np.array([" " in full for full in (*self._words.values(), "")], dtype=bool)

    def spell_out(self, words: Words) -> Words:
        """Words with abbreviations spelled out: whole words, in unspaced names the end of the last word."""
        first, last = words.starts[:-1], words.starts[1:] - 1
        is_unspaced = words.any_of(are_unspaced(words.texts))
        short = places_in(words.texts, self._shorts)
        short[np.repeat(is_unspaced, np.diff(words.starts))] = -1
        # A conjunction stands between two words.
        for outer in (first[first <= last], last[first <= last]):
            short[outer[self._is_conjunction[short[outer]]]] = -1
        is_short = short >= 0
        is_split_again = bool(self._is_several[short].any())
        texts = pc.replace_with_mask(words.texts, pa.array(is_short), self._fulls.take(pa.array(short[is_short])))
        at = last[is_unspaced]
        at = at[has(texts.take(pa.array(at)), self._ends_pattern)]
        if len(at):
            spelled = [self._spell_out_end(word) for word in listed(texts.take(pa.array(at)))]
            is_split_again |= any(" " in word for word in spelled)
            is_end = np.zeros(len(texts), dtype=bool)
            is_end[at] = True
            texts = pc.replace_with_mask(texts, pa.array(is_end), column_of(spelled))
        found = Words(texts, words.starts)
        return split_column(found.joined()) if is_split_again else found

    def _spell_out_end(self, word: str) -> str:
        end = next((end for end in self._end_texts if word.endswith(end)), "")
        if not end or len(word) == len(end) or word[: -len(end)][-1].isascii():
            return word
        return word[: -len(end)] + self._ends[end]


def _repair(text: str) -> str | None:
    """Text whose UTF-8 bytes were read as Windows-1252, read rightly; None if that is not what happened."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _placeholder_pattern(folded: str) -> str:
    meaning = {"*": ".*", "#": r"\d+"}
    return "".join(meaning.get(part, re.escape(part)) for part in re.split(r"([*#])", folded))
