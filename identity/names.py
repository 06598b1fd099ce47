"""Company names in a form in which equal companies have equal names.

Two forms come out: `normalised_name`, readable, without legal form, for people and for similarity; and `name_key`,
without spaces, kana length and old kanji, for equality. The legal form and the branch are kept: they are evidence too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.rules import LegalForm
from identity.text import (
    UNSPACED,
    Words,
    are_unspaced,
    fold_all,
    keys_all,
    keys_of,
    lines_with,
    scripts_all,
    split_all,
    split_words,
    words_all,
)

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

_FORMULA: Final = re.compile(r"^\s*[=@+\-][\w.]*[|(!]")
_FORMULA_STARTS: Final = frozenset("=@+- \t\u3000\xa0")
_MOJIBAKE: Final = re.compile("[ÂÃâãäåæçèéêëìíîïðñ\ufffd](?:(?<=\ufffd)|[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ])")
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
_OFFICE_LAST: Final = frozenset(end[-1] for end in _OFFICE_ENDS)
_BRANCH_LAST: Final = frozenset(end[-1] for end in _BRANCH_ENDS)
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
_MOST_FORMS: Final = 3
_AND, _THE = "and", "the"


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
            pa.array(sorted(texts), pa.large_string())
            for texts in (self._placeholder_keys, beginnings | ends, _FILLERS)
        )
        parts = [part for part in (*self._placeholder_keys, *_FILLERS_UNSPACED) if part]
        self._first_of_parts = frozenset(part[0] for part in parts)
        self._last_of_parts = frozenset(part[-1] for part in parts)
        self._placeholder_patterns = [(max(re.findall(r"[^\s*#]+", t), key=len), re.compile(p)) for t, p in patterns]
        # Without patterns, one that is found nowhere.
        self._literals = "|".join(re.escape(literal) for literal, _ in self._placeholder_patterns) or r"[^\s\S]"

    def read(self, text: str) -> Name:
        """Return what one name says."""
        return self.read_all([text])[0]

    def read_real(self, text: str) -> Name:
        """Read a name that is known to be a company's although others use it to fill a field."""
        return self._read_real_once(text)

    def _read_real(self, text: str) -> Name:
        (base,), (legal_form,), (branch,) = self._forms.strip_all(fold_all([text]))
        words, (form,) = self._forms.strip_words(split_all([base]))
        (line,), (key,) = words.joined(), keys_of(words)
        return Name(line, key, legal_form or form, branch, int(scripts_all([line])[0]))

    def read_all(self, texts: Sequence[str]) -> Names:
        """Return what each name says; the same text gives the same answer whatever stands beside it."""
        if not texts:
            return Names([], [], [], [], np.zeros(0, np.int64), [], [])
        sources, unusable, issues = self._usable(texts)
        folded = fold_all(sources)
        bases, forms, branches = self._forms.strip_all(folded)
        words, word_forms = self._forms.strip_words(split_all(bases))
        forms = [form or of_words for form, of_words in zip(forms, word_forms, strict=True)]
        words = self._abbreviations.spell_out(words)
        lines, keys = words.joined(), keys_of(words)
        marks = self._placeholders(folded, forms, branches, words, lines, keys)
        for at, reason in unusable.items():
            marks[at] |= reason == "name_is_formula"
            issues[at] = (reason,)
        # Not used, but kept readable.
        unread = sorted({*unusable, *np.flatnonzero(marks).tolist()})
        for at, line in zip(unread, words_all([folded[at] for at in unread]), strict=True):
            lines[at], keys[at], forms[at], branches[at] = line, "", "", ""
            if at not in unusable:
                issues[at] = (*issues[at], "name_placeholder")
        for at in [at for at, key in enumerate(keys) if not key]:
            if at not in unusable and not marks[at]:
                forms[at] = branches[at] = ""
                blank = not folded[at].strip() and not texts[at].strip()
                issues[at] = ("name_empty",) if blank else (*issues[at], "name_without_letters")
        scripts = scripts_all([line if key else "" for line, key in zip(lines, keys, strict=True)])
        return Names(lines, keys, forms, branches, scripts, marks.tolist(), issues)

    def _usable(self, texts: Sequence[str]) -> tuple[list[str], dict[int, str], list[tuple[str, ...]]]:
        """Texts to be read, repaired and cut; places of those that are not used, and why; what is wrong with each."""
        sources, issues = list(texts), [()] * len(texts)  # type: tuple[list[str], list[tuple[str, ...]]]
        unusable: dict[int, str] = {}
        longest = self._max_length
        for at in [at for at, text in enumerate(texts) if len(text) > longest or text[:1] in _FORMULA_STARTS]:
            if len(texts[at]) > longest:
                sources[at], unusable[at] = texts[at][:longest], "name_too_long"
            elif _FORMULA.search(texts[at]):
                unusable[at] = "name_is_formula"
        others = [at for at, text in enumerate(texts) if not text.isascii()]
        for at in [others[place] for place in lines_with(_MOJIBAKE, [texts[at] for at in others])]:
            if at not in unusable:
                repaired = _repair(texts[at])
                if repaired is None:
                    unusable[at] = "name_mojibake"
                else:
                    sources[at], issues[at] = repaired, ("name_mojibake_repaired",)
        for at in [at for at, text in enumerate(texts) if "&" in text and ";" in text]:
            if at not in unusable:
                sources[at] = html.unescape(sources[at])
        return sources, unusable, issues

    def _placeholders(
        self,
        folded: Sequence[str],
        forms: Sequence[str],
        branches: Sequence[str],
        words: Words,
        lines: Sequence[str],
        keys: Sequence[str],
    ) -> Flags:
        """(n,) whether each name stands for no company."""
        known = self._placeholder_keys
        key_column = pa.array(keys, pa.large_string())
        folded_column = pa.array(folded, pa.large_string())
        marks = _is_in(key_column, self._known) | _is_in(folded_column, self._known)
        for at, key in enumerate(keys):
            if len(key) > 2 and key[0] == key[1] == key[2] and key == key[0] * len(key):
                marks[at] = True
        marks |= self._are_filled(words, keys)
        is_part = _is_in(key_column, self._parts)
        cut = [at for at in np.flatnonzero(is_part).tolist() if forms[at] or branches[at]]
        for at, key in zip(cut, keys_all(words_all([folded[at] for at in cut])), strict=True):
            marks[at] |= key in known
        for at in [at for at, key in enumerate(keys) if not key]:
            marks[at] |= folded[at].strip() in known
        for at in np.flatnonzero(_has(folded_column, self._literals)).tolist():
            for literal, pattern in self._placeholder_patterns:
                if literal in folded[at] and pattern.fullmatch(" ".join(folded[at].split())):
                    marks[at] = True
        return marks

    def _are_filled(self, words: Words, keys: Sequence[str]) -> Flags:
        """(n,) whether names are made of placeholders and words that say nothing: 'unknown customer', '個人（会社なし）'."""
        known = self._placeholder_keys
        is_known, is_filler = _is_in(words.texts, self._known), _is_in(words.texts, self._fillers)
        result = words.any_of(is_known) & words.all_of(is_known | is_filler) & (np.diff(words.starts) > 1)
        for at in np.flatnonzero(result).tolist():
            result[at] = 0 < len(keys[at]) <= _LONGEST_FILLED and not UNSPACED.search(keys[at])
        for at, key in enumerate(keys):
            # Few keys begin and end as a part does.
            is_likely = key[:1] in self._first_of_parts and key[-1:] in self._last_of_parts and not key.isascii()
            if is_likely and len(key) <= _LONGEST_FILLED and UNSPACED.search(key):
                result[at] = _is_covered(key, known, _FILLERS_UNSPACED)
        return result


def _has(texts: pa.Array, pattern: str) -> Flags:
    found: Flags = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found


def _is_in(texts: pa.Array, known: pa.Array) -> Flags:
    found: Flags = pc.is_in(texts, value_set=known).to_numpy(zero_copy_only=False)
    return found


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
        self._last_of_ends = frozenset(end[-1] for end in self._ends)
        self._shorts = pa.array(list(self._words), pa.large_string())
        # Behind the last one stands what a word becomes that is none of them; it is not looked at.
        self._fulls = pa.array([*self._words.values(), ""], pa.large_string())
        self._is_conjunction = np.array([full == "and" for full in (*self._words.values(), "")], dtype=bool)
        self._is_split_again = any(" " in full for full in (*self._words.values(), *self._ends.values()))

    def spell_out(self, words: Words) -> Words:
        """Words with abbreviations spelled out: whole words, in unspaced names the end of the last word."""
        first, last = words.starts[:-1], words.starts[1:] - 1
        is_unspaced = words.any_of(are_unspaced(words.texts))
        short = _places_in(words.texts, self._shorts)
        short[np.repeat(is_unspaced, np.diff(words.starts))] = -1
        # A conjunction stands between two words.
        for outer in (first[first <= last], last[first <= last]):
            short[outer[self._is_conjunction[short[outer]]]] = -1
        texts = pc.if_else(pa.array(short >= 0), self._fulls.take(pa.array(short % len(self._fulls))), words.texts)
        at = last[is_unspaced]
        changed = {
            place: full
            for place, word in zip(at.tolist(), texts.take(pa.array(at)).to_pylist(), strict=True)
            if word[-1] in self._last_of_ends and (full := self._spell_out_end(word)) != word
        }
        if changed:
            is_changed = np.zeros(len(texts), dtype=bool)
            is_changed[list(changed)] = True
            texts = pc.replace_with_mask(
                texts, pa.array(is_changed), pa.array([changed[place] for place in sorted(changed)], texts.type)
            )
        spelled = Words(texts, words.starts)
        return split_words(spelled.joined()) if self._is_split_again else spelled

    def _spell_out_end(self, word: str) -> str:
        end = next((end for end in self._end_texts if word.endswith(end)), "")
        if not end or len(word) == len(end) or word[: -len(end)][-1].isascii():
            return word
        return word[: -len(end)] + self._ends[end]


class _WordForms:
    """Legal forms that are words of their own, as paths along the words of a name.

    Parameters
    ----------
    forms : the words of a form, from the end of the name at which it stands, -> its number
    known : words -> their codes
    """

    def __init__(self, forms: Mapping[tuple[str, ...], int], known: Mapping[str, int]) -> None:
        steps: dict[tuple[int, int], int] = {}
        ends: dict[int, int] = {}
        for words, number in forms.items():
            state = 0
            for word in words:
                state = steps.setdefault((state, known[word]), len(steps) + 1)
            ends[state] = number
        self._width = len(known) + 1
        keys = np.array([state * self._width + code for state, code in steps] or [-1], np.int64)
        order = np.argsort(keys)
        self._keys, self._targets = keys[order], np.array([*steps.values()] or [-1], np.int64)[order]
        self._form = np.full(len(steps) + 1, -1, np.int64)
        self._form[list(ends)] = list(ends.values())

    def step(self, state: Ints, code: Ints) -> tuple[Ints, Ints]:
        """Return where the paths lead with one more word, -1 if nowhere, and the number of the form that ends there, else -1."""
        wanted = state * self._width + code
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        state = np.where((code >= 0) & (self._keys[place] == wanted), self._targets[place], -1)
        return state, np.where(state >= 0, self._form[state], -1)


class _LegalForms:
    """Finds legal forms and branch tails in folded names."""

    def __init__(self, legal_forms: Sequence[LegalForm], common: Collection[str]) -> None:
        # What the SEC puts behind names that several states know: GENERAL SOMETHING INC /DE/
        self._slashed: dict[str, str] = {}
        self._bracketed: dict[str, str] = {}
        self._glued: dict[str, str] = {}
        self._canonical: list[str] = []
        front_words: dict[tuple[str, ...], int] = {}
        behind_words: dict[tuple[str, ...], int] = {}
        front: list[str] = []
        behind: list[str] = []
        spellings = sorted(legal_forms, key=lambda form: (-len(form.form), form.form, form.canonical_form))
        # Longest first, so that 股份有限公司 is not read as 有限公司.
        texts = fold_all([form.form for form in spellings])
        for form, text, line in zip(spellings, texts, words_all(texts), strict=True):
            if text.startswith("/"):
                self._slashed[text.rstrip("/")] = form.canonical_form
            elif text.startswith("(") and text.endswith(")"):
                self._bracketed.setdefault(text, form.canonical_form)
            elif UNSPACED.search(text):
                self._glued.setdefault(text, form.canonical_form)
                front += [text] if form.position != "behind" else []
                behind += [text] if form.position != "front" else []
            else:
                words = tuple(line.split())
                if words and form.position != "behind":
                    front_words.setdefault(words, len(self._canonical))
                if words and form.position != "front":
                    behind_words.setdefault(words[::-1], len(self._canonical))
                self._canonical.append(form.canonical_form)
        self._front, self._behind = _by_character(front, 0), _by_character(behind, -1)
        # 'X株式会社 Y'; a form in front, '株式会社X Y', tells nothing of Y.
        forms = "|".join(re.escape(form) for form in behind if len(form) >= 3)
        self._behind_and_tail = re.compile(rf"^(?P<base>\S.*?)(?P<form>{forms or '(?!)'})\s+(?P<tail>\S.*)$")
        self._glued_front = re.compile("|".join(map(re.escape, front)) or r"(?!)")
        self._bracket = re.compile("|".join(map(re.escape, self._bracketed)) or r"(?!)")
        known = dict.fromkeys(
            (_AND, _THE, *(word for words in (*front_words, *behind_words) for word in words), *common)
        )
        self._known = pa.array(list(known), pa.large_string())
        codes = {word: code for code, word in enumerate(known)}
        self._front_words, self._behind_words = _WordForms(front_words, codes), _WordForms(behind_words, codes)
        self._is_common = np.array([word in common for word in known] + [False], dtype=bool)

    def strip_all(self, folded: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        """Names without bracketed and glued legal forms and branches, the legal forms, the branches."""
        bases, forms, branches = list(folded), [""] * len(folded), [""] * len(folded)
        for at, line in enumerate(folded):
            last = line[-1:]
            if (
                not line.isascii()
                or (last in _OFFICE_LAST and line.endswith(_OFFICE_ENDS))
                or last == " "
                or "(" in line
                or "/" in line
            ):
                bases[at], forms[at], branches[at] = self._strip(line)
        return bases, forms, branches

    def _strip(self, folded: str) -> tuple[str, str, str]:
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
        if text[-1:] in _OFFICE_LAST and text.endswith(_OFFICE_ENDS):
            tail = _OFFICE.match(text)
            if tail:
                text, branch = tail["base"], tail["tail"]
        if text[-1:] in _BRANCH_LAST and text.endswith(_BRANCH_ENDS):
            tail = _BRANCH.match(text)
            if tail:
                text, branch = tail["base"], tail["tail"]
        text, glued, tail_text = self._strip_glued(text)
        return text, legal_form or glued, branch or tail_text

    def strip_words(self, words: Words) -> tuple[Words, list[str]]:
        """Names without legal forms that are words of their own, and the forms."""
        code = _places_in(words.texts, self._known)
        first, last = words.starts[:-1].copy(), words.starts[1:].copy()
        the, conjunction = code == self._code(_THE), code == self._code(_AND)
        # Bank of Somewhere, The
        several = np.flatnonzero(last - first > 1)
        last[several] -= the[last[several] - 1]
        form = np.full(len(words), -1, np.int64)
        rows = np.arange(len(words))
        # A name may end in several forms ("X Holdings Co., Ltd. (publ)").
        for _ in range(_MOST_FORMS):
            size, found = np.zeros(len(words), np.int64), np.full(len(words), -1, np.int64)
            for depth, at, number in _walk(self._behind_words, rows, last - first, lambda at, d: code[last[at] - d]):
                # Hotel Verde & Spa is not an S.p.A.
                at, number = _where(~conjunction[last[at] - depth - 1], at, number)
                size[at], found[at] = depth, number
            rows = np.flatnonzero(size)
            if not len(rows):
                break
            last[rows] -= size[rows]
            form[rows] = found[rows]
        common = np.r_[0, np.cumsum(self._is_common[code])]
        size, found = np.zeros(len(words), np.int64), np.full(len(words), -1, np.int64)
        for depth, at, number in _walk(
            self._front_words, np.arange(len(words)), last - first, lambda at, d: code[first[at] + d - 1]
        ):
            # AB Foods and PT Systems are not 'Foods' and 'Systems'.
            rest = first[at] + depth
            at, number = _where(common[last[at]] - common[rest] < last[at] - rest, at, number)
            size[at], found[at] = depth, number
        first += size
        form = np.where(form >= 0, form, found)
        change = np.zeros(len(words.texts) + 1, np.int64)
        np.add.at(change, first, 1)
        np.add.at(change, last, -1)
        forms = np.array([*self._canonical, ""], dtype=object)[form]
        return words.kept(np.cumsum(change)[:-1] > 0), forms.tolist()

    def _code(self, word: str) -> int:
        return int(self._known.index(pa.scalar(word, self._known.type)).as_py())

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
        behind = self._behind.get(text[-1:], ())
        if behind and text.endswith(behind):
            form = next(form for form in behind if text.endswith(form))
            if _has_letter(text[: -len(form)]):
                text, legal_form = text[: -len(form)].rstrip(), self._glued[form]
        front = self._front.get(text[:1], ())
        if front and text.startswith(front):
            form = next(form for form in front if text.startswith(form))
            if _has_letter(text[len(form) :]):
                text, legal_form = text[len(form) :].lstrip(), legal_form or self._glued[form]
        if not legal_form and text[-1:] in _BRANCH_LAST and text.endswith(_BRANCH_ENDS):
            found = self._glued_front.search(text)
            tail = _BRANCH_TAIL.match(text[found.end() :]) if found else None
            if found and tail and _has_letter(text[: found.start()]):
                return text[: found.start()], self._glued[found.group()], tail["tail"]
        return text, legal_form, ""


def _walk(
    forms: _WordForms, rows: Ints, counts: Ints, code_at: Callable[[Ints, int], Ints]
) -> Iterator[tuple[int, Ints, Ints]]:
    """Forms of one word, of two, and so on, that names begin or end with and do not consist of.

    Yields
    ------
    number of words, the rows whose names have such a form, the numbers of the forms
    """
    state, depth = np.zeros(len(rows), np.int64), 0
    while len(rows):
        depth += 1
        rows, state = _where(counts[rows] > depth, rows, state)
        state, number = forms.step(state, code_at(rows, depth))
        yield depth, *_where(number >= 0, rows, number)
        rows, state = _where(state >= 0, rows, state)


def _where(flags: Flags, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    return one[flags], other[flags]


def _places_in(texts: pa.Array, known: pa.Array) -> Ints:
    """(n,) place of each text among the known ones, -1 if it is none of them."""
    places: Ints = pc.fill_null(pc.index_in(texts, value_set=known), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return places


def _by_character(forms: Iterable[str], place: int) -> dict[str, tuple[str, ...]]:
    """Forms, the longest first, by their last (-1) or first (0) character."""
    found: dict[str, list[str]] = {}
    for form in forms:
        found.setdefault(form[place], []).append(form)
    return {char: tuple(of_char) for char, of_char in found.items()}


def _has_letter(text: str) -> bool:
    return text[:1].isalnum() or any(char.isalnum() for char in text)


def _repair(text: str) -> str | None:
    """Text whose UTF-8 bytes were read as Windows-1252, read rightly; None if that is not what happened."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _placeholder_pattern(folded: str) -> str:
    meaning = {"*": ".*", "#": r"\d+"}
    return "".join(meaning.get(part, re.escape(part)) for part in re.split(r"([*#])", folded))
