"""Legal forms and branches in folded names: found, named and cut off."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.lines import Flags, Ints, Words, column_of, has, is_all_ascii, listed, places_in
from identity.rules import LegalForm
from identity.text import UNSPACED, fold_all, words_all

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
# Names of ASCII that may have more about them than words: the others have no bracket, no slash and no office at the end.
_ASCII_TO_STRIP: Final = rf"[(/]| $|(?:{'|'.join(_OFFICE_WORDS)})\)?$"
_BLANKS: Final = " \u1680"
_OTHER_TO_STRIP: Final = rf"[(/{_BLANKS}]|(?:{'|'.join(map(re.escape, (*_OFFICE_ENDS, *_BRANCH_ENDS)))})$"
_OFFICE_LAST: Final = frozenset(end[-1] for end in _OFFICE_ENDS)
_BRANCH_LAST: Final = frozenset(end[-1] for end in _BRANCH_ENDS)
_OFFICE: Final = re.compile(
    rf"^(?P<base>.*\S)\s*(?:\s[-–—|]\s|,\s|\()\s*(?P<tail>(?:[\w.]+\s){{0,3}}(?:{'|'.join(_OFFICE_WORDS)}))\)?$"
)
_MOST_FORMS: Final = 3
_AND, _THE = "and", "the"
# A pattern that is found nowhere.
_NOTHING: Final = r"[^\s\S]"


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


class LegalForms:
    """Finds legal forms and branch tails in folded names."""

    def __init__(self, legal_forms: Sequence[LegalForm], common: Collection[str]) -> None:
        # What the SEC puts behind names that several states know: GENERAL SOMETHING INC /DE/
        self._slashed: dict[str, str] = {}
        self._bracketed: dict[str, str] = {}
        self._glued: dict[str, str] = {}
        canonical: list[str] = []
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
                    front_words.setdefault(words, len(canonical))
                if words and form.position != "front":
                    behind_words.setdefault(words[::-1], len(canonical))
                canonical.append(form.canonical_form)
        # Behind the last one stands what is none of them.
        self._canonical = column_of([*canonical, ""])
        self._front, self._behind = _by_character(front, 0), _by_character(behind, -1)
        fronts, behinds = ("|".join(map(re.escape, forms)) or _NOTHING for forms in (front, behind))
        self._at_ends = f"^(?:{fronts})|(?:{behinds})$"
        # 'X株式会社 Y'; a form in front, '株式会社X Y', tells nothing of Y.
        forms = "|".join(re.escape(form) for form in behind if len(form) >= 3)
        self._behind_and_blank = rf"(?:{forms})[({_BLANKS}]" if forms else _NOTHING
        self._behind_and_tail = re.compile(rf"^(?P<base>\S.*?)(?P<form>{forms or '(?!)'})\s+(?P<tail>\S.*)$")
        self._glued_front = re.compile("|".join(map(re.escape, front)) or r"(?!)")
        self._bracket = re.compile("|".join(map(re.escape, self._bracketed)) or r"(?!)")
        known = dict.fromkeys(
            (_AND, _THE, *(word for words in (*front_words, *behind_words) for word in words), *common)
        )
        self._known = column_of(list(known))
        codes = {word: code for code, word in enumerate(known)}
        self._front_words, self._behind_words = _WordForms(front_words, codes), _WordForms(behind_words, codes)
        self._is_common = np.array([word in common for word in known] + [False], dtype=bool)

    def strip_all(
        self, folded: pa.LargeStringArray
    ) -> tuple[pa.LargeStringArray, pa.LargeStringArray, pa.LargeStringArray]:
        """Names without bracketed and glued legal forms and branches, the legal forms, the branches."""
        if is_all_ascii(folded):
            is_stripped = pa.array(has(folded, _ASCII_TO_STRIP))
            bases, forms, branches = _columns([self._strip(line) for line in listed(folded.filter(is_stripped))])
            blank = pa.nulls(len(folded), pa.large_string()).fill_null("")
            return (
                pc.replace_with_mask(folded, is_stripped, bases),
                pc.replace_with_mask(blank, is_stripped, forms),
                pc.replace_with_mask(blank, is_stripped, branches),
            )
        is_plain = ~has(folded, _OTHER_TO_STRIP)
        may_have_form = has(folded, self._at_ends) | ~is_plain
        may_have_tail = has(folded, self._behind_and_blank)
        return _columns(
            [
                (self._strip(line, tail) if not plain else (*self._strip_ends(line), "")) if may else (line, "", "")
                for line, plain, may, tail in zip(
                    listed(folded), is_plain.tolist(), may_have_form.tolist(), may_have_tail.tolist(), strict=True
                )
            ]
        )

    def _strip(self, folded: str, may_have_tail: bool = False) -> tuple[str, str, str]:
        """Name without bracketed and glued legal forms and branch, the legal form, the branch.

        `may_have_tail` is false only where no form stands before a space or a bracket.
        """
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
            tail = _BRANCH_BRACKET.match(text) if text.endswith(")") else None
            if tail:
                text, branch = tail["base"], tail["tail"]
        if text[-1:] in _OFFICE_LAST and text.endswith(_OFFICE_ENDS):
            tail = _OFFICE.match(text)
            if tail:
                text, branch = tail["base"], tail["tail"]
        if text[-1:] in _BRANCH_LAST and text.endswith(_BRANCH_ENDS):
            tail = _BRANCH.match(text)
            # 株式会社 放電精密加工研究所 is no branch of 株式会社.
            if tail and tail["base"] not in self._glued:
                text, branch = tail["base"], tail["tail"]
        text, glued, tail_text = self._strip_glued(text, may_have_tail)
        return text, legal_form or glued, branch or tail_text

    def strip_words(self, words: Words) -> tuple[Words, pa.LargeStringArray]:
        """Names without legal forms that are words of their own, and the forms."""
        code = places_in(words.texts, self._known)
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
        forms = self._canonical.take(pa.array(np.where(form >= 0, form, len(self._canonical) - 1)))
        return words.kept(np.cumsum(change)[:-1] > 0), forms

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

    def _strip_glued(self, text: str, may_have_tail: bool) -> tuple[str, str, str]:
        # What stands behind a legal form and a space is a department or a site.
        found = self._behind_and_tail.match(text) if may_have_tail and " " in text else None
        # 一般財団法人 is one form, not a name 一般 in front of another.
        if found and _has_letter(found["base"]) and found["base"] + found["form"] not in self._glued:
            return found["base"].rstrip(), self._glued[found["form"]], found["tail"]
        text, legal_form = self._strip_ends(text)
        if not legal_form and text[-1:] in _BRANCH_LAST and text.endswith(_BRANCH_ENDS):
            found = self._glued_front.search(text)
            tail = _BRANCH_TAIL.match(text[found.end() :]) if found else None
            if found and tail and _has_letter(text[: found.start()]):
                return text[: found.start()], self._glued[found.group()], tail["tail"]
        return text, legal_form, ""

    def _strip_ends(self, text: str) -> tuple[str, str]:
        """Name without the glued forms at its end and its beginning; the first of them that was found."""
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
        return text, legal_form


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


def _columns(
    found: Sequence[tuple[str, str, str]],
) -> tuple[pa.LargeStringArray, pa.LargeStringArray, pa.LargeStringArray]:
    bases, forms, branches = zip(*found, strict=True) if found else ((), (), ())
    return column_of(bases), column_of(forms), column_of(branches)


def _by_character(forms: Iterable[str], place: int) -> dict[str, tuple[str, ...]]:
    """Forms, the longest first, by their last (-1) or first (0) character."""
    found: dict[str, list[str]] = {}
    for form in forms:
        found.setdefault(form[place], []).append(form)
    return {char: tuple(of_char) for char, of_char in found.items()}


def _has_letter(text: str) -> bool:
    return text[:1].isalnum() or any(char.isalnum() for char in text)
