"""Labelled company records of any number, for measuring how well and how fast records are put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tests.bench import company_words as words

Numbers = np.ndarray[Any, np.dtype[Any]]

# Records of a company; "10 and more" stands for 10 to 29. The mean is 1.6.
_SIZES: Final = np.array([1, 2, 3, 4, 5, 6, 10])
_SIZE_SHARES: Final = np.array([0.71, 0.165, 0.06, 0.03, 0.02, 0.01, 0.005])
_RECORDS_PER_COMPANY: Final = 1.6
_GENERIC_SHARE: Final = 0.015
_COMPANIES_PER_GENERIC_NAME: Final = 3
_SISTER_SHARE: Final = 0.12
_COMMON_STEM_SHARE: Final = 0.35

# A stem is kind * _KIND + number.
_KIND: Final = 10**10
_LATIN, _KANJI, _KANA, _COMMON_LATIN, _COMMON_JAPANESE, _NO_STEM = (kind * _KIND for kind in range(6))
_JAPAN: Final = 0
_FIRST_DAY, _LAST_DAY = date(2015, 1, 1), date(2026, 10, 31)


@dataclass(frozen=True)
class _Companies:
    """What is true of the companies: one element of every array per company."""

    country: Numbers
    is_latin: Numbers
    name: pa.Array
    kana: pa.Array
    english: pa.Array
    form: Numbers
    form_in_front: Numbers
    domain: pa.Array
    other_domain: pa.Array
    place: Numbers
    street: Numbers
    house: Numbers
    subscriber: Numbers
    moved_street: Numbers
    moved_house: Numbers
    moved: Numbers
    corporate_number: pa.Array


def make_company_list(records: int, seed: int, japanese_share: float = 0.4) -> pa.Table:
    """Company records as several people would have typed them, with the company that each is really of.

    Parameters
    ----------
    records : number of rows
    seed : the same seed gives the same table
    japanese_share : share of the companies that are in Japan, 0 to 1

    Returns
    -------
    record_id, source, company_name, name_en, name_kana, domain, country_code, address, postal_code, phone,
    corporate_number (text, null where nothing was typed), first_seen_date (date), true_id (int64): the answer, which an
    engine must not read. Rows are shuffled and numbered afterwards, so an id tells nothing.

    Notes
    -----
    A company has 1.6 records on average (71 % have one, 0.5 % ten and more). 12 % are sisters of another company: its stem,
    another business word, some with its address, telephone or domain. 1.5 % share a generic name, to the letter, with unrelated
    companies. Stems follow Zipf's law, so unrelated companies share them, too. No name, address or number is meant to be
    anyone's, and nothing is ever contacted.
    """
    random = np.random.default_rng(seed)
    owner, ordinal = _owners(random, records)
    companies = _make_companies(random, int(owner[-1]) + 1 if records else 1, japanese_share)
    columns = _write_records(random, companies, owner, ordinal)
    order = random.permutation(records)
    table = pa.table(columns | {"true_id": pa.array(owner)}).take(pa.array(order))
    width = max(7, len(str(records)))
    ids = pa.array([f"list:{number:0{width}d}" for number in range(1, records + 1)], pa.string())
    source = pa.repeat("list", records)
    return table.add_column(0, "record_id", ids).add_column(1, "source", source).combine_chunks()


def _owners(random: np.random.Generator, records: int) -> tuple[Numbers, Numbers]:
    """Company of each record, and how many records of that company stand before it."""
    companies = int(records / _RECORDS_PER_COMPANY * 1.1) + 100
    sizes = random.choice(_SIZES, companies, p=_SIZE_SHARES)
    sizes = np.where(sizes == 10, random.integers(10, 30, companies), sizes)
    while sizes.sum() < records:
        sizes = np.concatenate([sizes, sizes])
    owner = np.repeat(np.arange(len(sizes)), sizes)
    ordinal = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return owner[:records], ordinal[:records]


def _make_companies(random: np.random.Generator, count: int, japanese_share: float) -> _Companies:
    abroad = 1 + random.choice(len(words.SHARES_ABROAD), count, p=words.SHARES_ABROAD)
    country = np.where(random.random(count) < japanese_share, _JAPAN, abroad)
    is_latin = (country != _JAPAN) | (random.random(count) < 0.1)
    sister_of = _sisters(random, count)
    country, is_latin = country[sister_of], is_latin[sister_of]
    parts = _name_parts(random, country, is_latin, sister_of)
    name, kana, english, label, short_label = _spell(parts, is_latin)
    house = random.integers(1, 10**7, count)
    place = _pick_per_country(random, country, [len(words.PLACES[code]) for code in words.COUNTRIES])
    street = random.integers(0, 10**6, count)
    subscriber = random.integers(0, 10**8, count)
    domain = _domains(random, country, label, short_label)
    is_sister = sister_of != np.arange(count)
    same_address = is_sister & (random.random(count) < 0.25)
    place = np.where(is_sister & (random.random(count) < 0.6) | same_address, place[sister_of], place)
    same_phone = same_address & (random.random(count) < 0.4)
    same_domain = is_sister & (random.random(count) < 0.1)
    forms = _pick_per_country(random, country, [len(words.FORMS[code]) for code in words.COUNTRIES])
    return _Companies(
        country=country,
        is_latin=is_latin,
        name=name,
        kana=kana,
        english=english,
        form=forms,
        form_in_front=random.random(count) < 0.5,
        domain=domain.take(pa.array(np.where(same_domain, sister_of, np.arange(count)))),
        other_domain=_domains(random, country, label, label),
        place=place,
        street=np.where(same_address, street[sister_of], street),
        house=np.where(same_address, house[sister_of], house),
        subscriber=np.where(same_phone, subscriber[sister_of], subscriber),
        moved_street=random.integers(0, 10**6, count),
        moved_house=random.integers(1, 10**7, count),
        moved=random.random(count) < 0.03,
        corporate_number=_corporate_numbers(random, count),
    )


def _sisters(random: np.random.Generator, count: int) -> Numbers:
    """Company whose stem a company carries: itself, or for a sister a company that is no sister."""
    is_sister = random.random(count) < _SISTER_SHARE
    is_sister[0] = False
    heads = np.flatnonzero(~is_sister)
    # A tenth of the heads have most of the sisters, so that groups of several companies exist.
    chosen = heads[(len(heads) * random.random(count) ** 2).astype(np.int64)]
    return np.where(is_sister, chosen, np.arange(count))


def _name_parts(
    random: np.random.Generator, country: Numbers, is_latin: Numbers, sister_of: Numbers
) -> dict[str, Numbers]:
    """Area, stem, second stem, word and second word of each name, unlike for all companies but those of generic names."""
    count = len(country)
    area = np.where(random.random(count) < 0.05, random.integers(1, 13, count), 0)
    stem = np.where(
        random.random(count) < _COMMON_STEM_SHARE, _common_stems(random, is_latin), _own_stems(random, is_latin)
    )
    stem = stem[sister_of]
    has_second_stem = is_latin & (random.random(count) < 0.06)
    second_stem = np.where(has_second_stem, _common_stems(random, is_latin), _NO_STEM)
    word = np.where(random.random(count) < 0.88, _business_words(random, country, is_latin), 0)
    second_word = np.where((word > 0) & (random.random(count) < 0.2), _business_words(random, country, is_latin), 0)
    parts = {"area": area, "stem": stem, "second_stem": second_stem, "word": word, "second_word": second_word}
    generic = np.zeros(count, bool)
    generic[random.random(count) < _GENERIC_SHARE] = True
    generic &= sister_of == np.arange(count)
    for members in (np.flatnonzero(generic & is_latin), np.flatnonzero(generic & ~is_latin)):
        if len(members):
            models = members[random.integers(0, max(1, len(members) // _COMPANIES_PER_GENERIC_NAME), len(members))]
            parts["stem"][models] = _common_stems(random, is_latin[models], flattening=5)
            parts["word"][models] = _business_words(random, country[models], is_latin[models])
            parts["second_stem"][models], parts["second_word"][models] = _NO_STEM, 0
            for part in parts.values():
                part[members] = part[models]
    return _with_unlike_names(random, parts, generic, is_latin)


def _with_unlike_names(
    random: np.random.Generator, parts: dict[str, Numbers], generic: Numbers, is_latin: Numbers
) -> dict[str, Numbers]:
    generic_first = np.argsort(~generic, kind="stable")
    while True:
        key = np.zeros(len(generic), np.uint64)
        for part in parts.values():
            key = (key * np.uint64(0x9E3779B97F4A7C15) + part.astype(np.uint64)) * np.uint64(0xD6E8FEB86659FD93)
            key ^= key >> np.uint64(32)
        _, first = np.unique(key[generic_first], return_index=True)
        is_first = np.zeros(len(generic), bool)
        is_first[generic_first[first]] = True
        again = np.flatnonzero(~is_first & ~generic)
        if not len(again):
            return parts
        parts["stem"][again] = _own_stems(random, is_latin[again])


def _own_stems(random: np.random.Generator, is_latin: Numbers) -> Numbers:
    count = len(is_latin)
    latin = random.integers(0, len(words.ONSETS) * len(words.VOWELS) * len(words.MIDDLES) * len(words.TAILS), count)
    third = np.where(random.random(count) < 0.5, 0, random.integers(1, len(words.KANJI) + 1, count))
    kanji = random.integers(0, len(words.KANJI) ** 2, count) * (len(words.KANJI) + 1) + third
    kana = random.integers(0, len(words.MORAE) ** 3 * (len(words.MORAE) + 1) * len(words.KANA_ENDS), count)
    japanese = np.where(random.random(count) < 0.6, _KANJI + kanji, _KANA + kana)
    stems: Numbers = np.where(is_latin, _LATIN + latin, japanese)
    return stems


def _common_stems(random: np.random.Generator, is_latin: Numbers, flattening: int = 20) -> Numbers:
    """Stems by the law of Zipf and Mandelbrot, the listed ones first, then the first so many of the invented ones."""
    count = len(is_latin)
    last = max(200, count // 30)
    rank = (np.exp(random.random(count) * np.log1p(last / flattening)) * flattening).astype(np.int64) - flattening
    # An odd multiplier scatters neighbouring ranks over the invented stems.
    latin = np.where(
        rank < len(words.COMMON_LATIN), _COMMON_LATIN + rank, _LATIN + rank * 7919 % (len(words.ONSETS) * 10_000)
    )
    size = len(words.KANJI) ** 2
    japanese = np.where(
        rank < len(words.COMMON_JAPANESE),
        _COMMON_JAPANESE + rank,
        _KANJI + rank * 7919 % size * (len(words.KANJI) + 1),
    )
    stems: Numbers = np.where(is_latin, latin, japanese)
    return stems


_WORD_TABLE: Final = ["", *words.ENGLISH_WORDS, *(word for local in words.LOCAL_WORDS.values() for word in local)]


def _business_words(random: np.random.Generator, country: Numbers, is_latin: Numbers) -> Numbers:
    """Row of the Latin or the Japanese word table; the first words are the most usual."""
    count = len(country)
    english = 1 + _ranks(random, count, len(words.ENGLISH_WORDS))
    japanese = 1 + _ranks(random, count, len(words.JAPANESE_WORDS))
    start = 1 + len(words.ENGLISH_WORDS)
    local = random.random(count) < 0.55
    for code, list_of_words in words.LOCAL_WORDS.items():
        here = local & (country == words.COUNTRIES.index(code))
        english = np.where(here, start + random.integers(0, len(list_of_words), count), english)
        start += len(list_of_words)
    return np.where(is_latin, english, japanese)


def _ranks(random: np.random.Generator, count: int, size: int) -> Numbers:
    ranks: Numbers = (np.exp(random.random(count) * np.log1p(size / 6)) * 6).astype(np.int64) - 6
    return ranks


def _pick_per_country(random: np.random.Generator, country: Numbers, sizes: list[int]) -> Numbers:
    """Number below the size of the country's list, the first ones the most usual."""
    return (np.array(sizes)[country] * random.random(len(country)) ** 1.6).astype(np.int64)


def _spell(parts: dict[str, Numbers], is_latin: Numbers) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array, pa.Array]:
    """Name as registered but for its form, its kana, its name in Latin letters, and its host name, long and short."""
    stem, stem_kana, stem_latin, stem_label = _spell_stems(parts["stem"])
    second, _, _, second_label = _spell_stems(parts["second_stem"])
    japanese_words = [("", "", ""), *words.JAPANESE_WORDS]
    japanese_areas = [("", "", ""), *words.JAPANESE_AREAS]
    rows = {
        "latin_area": _take(["", *(f"{area} " for area in words.LATIN_AREAS)], parts["area"], is_latin),
        "latin_word": _take([f" {word}" if word else "" for word in _WORD_TABLE], parts["word"], is_latin),
        "latin_second_word": _take(
            [f" {word}" if word else "" for word in _WORD_TABLE], parts["second_word"], is_latin
        ),
    }
    second = pc.if_else(pc.equal(second, ""), "", pc.binary_join_element_wise(" & ", second, ""))
    latin = _join(rows["latin_area"], stem, second, rows["latin_word"], rows["latin_second_word"])
    spelt = []
    for script, space in ((0, ""), (1, ""), (2, " ")):
        area = _take([row[script] + space * bool(row[script]) for row in japanese_areas], parts["area"], ~is_latin)
        word = [space * bool(row[script]) + row[script] for row in japanese_words]
        middle = (stem, stem_kana, stem_latin)[script]
        in_word = _take(word, parts["word"], ~is_latin)
        spelt.append(_join(area, middle, in_word, _take(word, parts["second_word"], ~is_latin)))
    written, kana, english = spelt
    is_latin_array = pa.array(is_latin)
    hosts = [re.sub("[^a-z0-9]", "", _ascii(word)) for word in _WORD_TABLE]
    japanese_hosts = [row[2].lower() for row in japanese_words]
    word_label = pc.if_else(
        is_latin_array,
        _take([f"-{host}" if host else "" for host in hosts], parts["word"], is_latin),
        _take([f"-{host}" if host else "" for host in japanese_hosts], parts["word"], ~is_latin),
    )
    short = _join(stem_label, second_label)
    return (
        pc.if_else(is_latin_array, latin, written),
        pc.if_else(is_latin_array, pa.scalar(None, pa.string()), kana),
        pc.if_else(is_latin_array, latin, english),
        _join(short, word_label),
        short,
    )


def _spell_stems(stem: Numbers) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    """Stem as written, in kana, in Latin letters and in a host name."""
    count = len(stem)
    kind, number = stem // _KIND * _KIND, stem % _KIND
    out: list[Numbers] = [np.full(count, "", object) for _ in range(4)]

    def fill(of_kind: int, spelt: Callable[[Numbers], Sequence[pa.Array]]) -> None:
        here = np.flatnonzero(kind == of_kind)
        if len(here):
            for column, texts in zip(out, spelt(number[here]), strict=True):
                column[here] = texts.to_numpy(zero_copy_only=False)

    def latin(numbers: Numbers) -> Sequence[pa.Array]:
        head = _take(words.ONSETS, numbers % len(words.ONSETS))
        numbers = numbers // len(words.ONSETS)
        vowel = _take(words.VOWELS, numbers % len(words.VOWELS))
        numbers = numbers // len(words.VOWELS)
        middle = _take(words.MIDDLES, numbers % len(words.MIDDLES))
        label = _join(head, vowel, middle, _take(words.TAILS, numbers // len(words.MIDDLES) % len(words.TAILS)))
        written = pc.utf8_capitalize(label)
        return written, written, written, label

    def kanji(numbers: Numbers) -> Sequence[pa.Array]:
        third = numbers % (len(words.KANJI) + 1)
        first, second = np.divmod(numbers // (len(words.KANJI) + 1), len(words.KANJI))
        scripts = [
            _join(
                _take([row[script] for row in words.KANJI], first),
                _take([row[script] for row in words.KANJI], second),
                _take(["", *(row[script] for row in words.KANJI)], third),
            )
            for script in range(3)
        ]
        return scripts[0], scripts[1], pc.utf8_capitalize(scripts[2]), scripts[2]

    def kana(numbers: Numbers) -> Sequence[pa.Array]:
        scripts = []
        for script in range(2):
            rest, pieces = numbers, []
            for _ in range(3):
                pieces.append(_take([row[script] for row in words.MORAE], rest % len(words.MORAE)))
                rest = rest // len(words.MORAE)
            pieces.append(_take(["", *(row[script] for row in words.MORAE)], rest % (len(words.MORAE) + 1)))
            rest = rest // (len(words.MORAE) + 1)
            pieces.append(_take([row[script] for row in words.KANA_ENDS], rest % len(words.KANA_ENDS)))
            scripts.append(_join(*pieces))
        return scripts[0], scripts[0], pc.utf8_capitalize(scripts[1]), scripts[1]

    def common_latin(numbers: Numbers) -> Sequence[pa.Array]:
        written = _take([row[0] for row in words.COMMON_LATIN], numbers)
        return written, written, written, _take([row[1] for row in words.COMMON_LATIN], numbers)

    def common_japanese(numbers: Numbers) -> Sequence[pa.Array]:
        scripts = [_take([row[script] for row in words.COMMON_JAPANESE], numbers) for script in range(3)]
        return scripts[0], scripts[1], pc.utf8_capitalize(scripts[2]), scripts[2]

    fill(_LATIN, latin)
    fill(_KANJI, kanji)
    fill(_KANA, kana)
    fill(_COMMON_LATIN, common_latin)
    fill(_COMMON_JAPANESE, common_japanese)
    written, in_kana, in_latin, label = (pa.array(column, pa.string()) for column in out)
    return written, in_kana, in_latin, label


def _domains(random: np.random.Generator, country: Numbers, label: pa.Array, short: pa.Array) -> pa.Array:
    """A domain for each company that no other company has."""
    count = len(country)
    suffix = np.full(count, "", object)
    for row, code in enumerate(words.COUNTRIES):
        here = np.flatnonzero(country == row)
        names, shares = zip(*words.SUFFIXES[code], strict=True)
        suffix[here] = random.choice(np.array(names, object), len(here), p=shares)
    dot_suffix = _join(pa.array(["."]).take(pa.array(np.zeros(count, np.int64))), pa.array(suffix, pa.string()))
    style = random.random(count)
    host = pc.if_else(pa.array(style < 0.35), short, label)
    host = pc.if_else(pa.array((style > 0.7) & (style < 0.9)), pc.replace_substring(label, "-", ""), host)
    domain = _join(host, dot_suffix)
    domain = pc.if_else(_repeated(domain), _join(label, dot_suffix), domain)
    number = pc.cast(pa.array(np.arange(count) * 7 % 9973), pa.string())
    domain = pc.if_else(_repeated(domain), _join(label, number, dot_suffix), domain)
    number = pc.cast(pa.array(np.arange(count)), pa.string())
    return pc.if_else(_repeated(domain), _join(label, pa.repeat("-", count), number, dot_suffix), domain)


def _repeated(texts: pa.Array) -> pa.Array:
    """Whether the text stands further in front, too."""
    codes = texts.dictionary_encode().indices.to_numpy()
    repeated = np.ones(len(codes), bool)
    repeated[np.unique(codes, return_index=True)[1]] = False
    return pa.array(repeated)


def _corporate_numbers(random: np.random.Generator, count: int) -> pa.Array:
    """Unlike 13-digit numbers with a valid check digit in front."""
    # 611953 has no factor 2 or 5, so different companies get different numbers.
    tail = (np.arange(count) * 611_953 * 1_000_003 + int(random.integers(0, 10**12))) % 10**12
    digits = tail[:, None] // 10 ** np.arange(12) % 10
    check = 9 - (digits * np.tile([1, 2], 6)).sum(axis=1) % 9
    return pc.cast(pa.array(check * 10**12 + tail), pa.string())


def _write_records(
    random: np.random.Generator, companies: _Companies, owner: Numbers, ordinal: Numbers
) -> dict[str, pa.Array]:
    """Columns of the records, each with the slips and the habits of whoever typed it."""
    count = len(owner)
    own = pa.array(owner)
    country, is_latin = companies.country[owner], companies.is_latin[owner]
    is_copy = ordinal > 0

    def some(share: float, among: Numbers | None = None) -> Numbers:
        chosen = random.random(count) < share
        return chosen if among is None else chosen & among

    in_english = some(0.05, is_copy & ~is_latin)
    name = pc.if_else(pa.array(in_english), companies.english.take(own), companies.name.take(own))
    latin_now = is_latin | in_english
    name = _corrupt_names(random, name, latin_now, is_copy)
    name = _with_forms(random, name, country, latin_now, companies.form[owner], companies.form_in_front[owner])
    branch_latin = some(0.04, is_copy & latin_now)
    name = _rewrite(name, branch_latin, lambda text, pick: text + _pick(words.BRANCHES_LATIN, pick), random)
    branch_japanese = some(0.05, is_copy & ~latin_now)
    name = _rewrite(name, branch_japanese, lambda text, pick: text + _pick(words.BRANCHES_JAPANESE, pick), random)
    name = _rewrite(name, some(0.05, latin_now), lambda text, pick: text.upper(), random)
    name = _rewrite(name, some(0.03, latin_now), lambda text, pick: text.lower(), random)
    name = _rewrite(name, some(0.04, country == _JAPAN), lambda text, pick: text.translate(words.FULL_WIDTH), random)

    missing_domain = some(0.3)
    moved = companies.moved[owner] & (ordinal >= 1)
    street = np.where(moved, companies.moved_street[owner], companies.street[owner])
    house = np.where(moved, companies.moved_house[owner], companies.house[owner])
    missing_address = some(0.25)
    address = _write_addresses(random, country, companies.place[owner], street, house)
    postal = _write_postal_codes(random, country, companies.place[owner], street)
    japanese_spelling = pa.array(~is_latin & ~in_english & some(0.2))
    kana = pc.if_else(pa.array(~is_latin & some(0.08)), companies.kana.take(own), pa.scalar(None, pa.string()))
    span = (_LAST_DAY - _FIRST_DAY).days
    days = np.datetime64(_FIRST_DAY) + random.integers(0, span, count)
    codes = pa.array(words.COUNTRIES).take(pa.array(country))
    has_number = (country == _JAPAN) & some(0.08)
    return {
        "company_name": name,
        "name_en": pc.if_else(japanese_spelling, companies.english.take(own), pa.scalar(None, pa.string())),
        "name_kana": kana,
        "domain": _or_null(_write_domains(random, companies, owner, is_copy), missing_domain),
        "country_code": _or_null(codes, some(0.04)),
        "address": _or_null(address, missing_address),
        "postal_code": _or_null(postal, missing_address | some(0.1)),
        "phone": _or_null(_write_phones(random, companies, owner), some(0.35)),
        "corporate_number": _or_null(companies.corporate_number.take(own), ~has_number),
        "first_seen_date": pa.array(days.astype("datetime64[D]"), pa.date32()),
    }


def _corrupt_names(random: np.random.Generator, name: pa.Array, is_latin: Numbers, is_copy: Numbers) -> pa.Array:
    """The name without its form, as someone else may write it."""
    count = len(is_latin)

    def some(share: float, among: Numbers) -> Numbers:
        return among & (random.random(count) < share)

    japanese = ~is_latin
    name = _rewrite(name, some(0.12, is_copy), _abbreviate, random)
    has_and = pc.match_substring(name, " & ").to_numpy(zero_copy_only=False)
    name = _rewrite(name, some(0.4, has_and), lambda text, pick: text.replace(" & ", " and ", 1), random)
    name = _rewrite(name, some(0.04, is_copy & is_latin), _repunctuate_latin, random)
    name = _rewrite(name, some(0.05, is_copy & japanese), _repunctuate_japanese, random)
    name = _rewrite(name, some(0.05, japanese), lambda text, pick: text.translate(words.OLD_KANJI), random)
    name = _rewrite(name, some(0.02, japanese), lambda text, pick: text.translate(words.LARGE_KANA), random)
    return _rewrite(name, some(0.08, is_copy), _mistype, random)


def _abbreviate(text: str, pick: int) -> str:
    for full, short in words.ABBREVIATIONS:
        if full in text and not text.startswith(full):
            return text.replace(full, short, 1)
    return text


def _repunctuate_latin(text: str, pick: int) -> str:
    return text.replace(" ", ("-", "  ", ", ", "")[pick % 4], 1)


def _repunctuate_japanese(text: str, pick: int) -> str:
    if "ー" in text:
        return text.replace("ー", ("", "-", "―")[pick % 3])
    middle = len(text) // 2
    return text[:middle] + ("・", " ", "　")[pick % 3] + text[middle:]


def _mistype(text: str, pick: int) -> str:
    """One letter inserted, deleted, replaced or put behind the next; letters come from the text and the keys' neighbours."""
    place = pick % len(text)
    pick //= len(text)
    letters = "aeiornst" if text.isascii() else text + "ンイ"
    letter = letters[pick // 4 % len(letters)]
    kind = pick % 4
    if kind == 0:
        return text[:place] + letter + text[place:]
    if kind == 1 and len(text) > 3:
        return text[:place] + text[place + 1 :]
    if kind == 2 and place + 1 < len(text):
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + letter + text[place + 1 :]


def _with_forms(
    random: np.random.Generator,
    name: pa.Array,
    country: Numbers,
    is_latin: Numbers,
    form: Numbers,
    in_front: Numbers,
) -> pa.Array:
    """Names with their legal form: full, abbreviated, on the other side or dropped."""
    count = len(country)
    notations = max(len(notation) for forms in words.FORMS.values() for notation in forms)
    most = max(len(forms) for forms in words.FORMS.values())
    table = [""] * (len(words.COUNTRIES) * most * notations)
    for row, code in enumerate(words.COUNTRIES):
        for column, written in enumerate(words.FORMS[code]):
            start = (row * most + column) * notations
            table[start : start + notations] = written
    notation = random.choice(notations, count, p=[0.55, 0.2, 0.15, 0.1])
    native = _take(table, (country * most + form) * notations + notation)
    is_japanese = country == _JAPAN
    roman = _take(list(words.LATIN_FORMS_OF_JAPAN), random.integers(0, len(words.LATIN_FORMS_OF_JAPAN), count))
    uses_roman = is_japanese & is_latin & (random.random(count) < 0.5)
    text = pc.if_else(pa.array(uses_roman), roman, native)
    front = is_japanese & ~uses_roman & (in_front ^ (random.random(count) < 0.06))
    dropped = random.random(count) < 0.12
    gap = np.where(is_japanese & ~uses_roman, np.where(random.random(count) < 0.07, 1, 0), 1)
    comma = ~is_japanese & (random.random(count) < 0.15)
    gap = _take(["", " ", ", "], np.where(comma, 2, gap))
    formed = pc.if_else(pa.array(front), _join(text, gap, name), _join(name, gap, text))
    return pc.if_else(pa.array(dropped), name, formed)


def _write_domains(random: np.random.Generator, companies: _Companies, owner: Numbers, is_copy: Numbers) -> pa.Array:
    count = len(owner)
    own = pa.array(owner)
    second = is_copy & (random.random(count) < 0.06)
    domain = pc.if_else(pa.array(second), companies.other_domain.take(own), companies.domain.take(own))
    free = _take(list(words.FREE_MAIL), random.integers(0, len(words.FREE_MAIL), count))
    domain = pc.if_else(pa.array(random.random(count) < 0.02), free, domain)
    heads = ["", "www.", "https://www.", "http://", "HTTPS://", "info@"]
    ends = ["", "", "/", "/company/", "/ja/index.html", ""]
    style = random.choice(len(heads), count, p=[0.68, 0.14, 0.1, 0.05, 0.02, 0.01])
    return _join(_take(heads, style), domain, _take(ends, style))


def _write_addresses(
    random: np.random.Generator, country: Numbers, place: Numbers, street: Numbers, house: Numbers
) -> pa.Array:
    count = len(country)
    address = np.full(count, None, object)
    for row, code in enumerate(words.COUNTRIES):
        here = np.flatnonzero(country == row)
        if len(here):
            write = _japanese_addresses if code == "JP" else _foreign_addresses
            address[here] = write(random, code, place[here], street[here], house[here]).to_numpy(zero_copy_only=False)
    return pa.array(address, pa.string())


def _japanese_addresses(
    random: np.random.Generator, code: str, place: Numbers, street: Numbers, house: Numbers
) -> pa.Array:
    count = len(place)
    places = words.PLACES[code]
    style = random.choice(6, count, p=[0.45, 0.18, 0.12, 0.1, 0.1, 0.05])
    numbers = [str(number) for number in range(100)]
    chome, block, lot = (_take(numbers, 1 + house // 10**power % top) for power, top in ((0, 7), (1, 40), (3, 30)))
    kanji_chome = _take(list("〇一二三四五六七"), 1 + house % 7)
    prefecture = _take([row[0] for row in places], place)
    prefecture = pc.if_else(pa.array(style == 2), "", prefecture)
    city, town = (
        _take([row[1] for row in places], place),
        _take([row[0] for row in words.TOWNS], street % len(words.TOWNS)),
    )
    has_building = (street // 100 % 10 < 4) & (random.random(count) < 0.7)
    floors = [f"　{building}{floor}階" for building in words.BUILDINGS for floor in range(1, 13)]
    building = _take(["", *floors], np.where(has_building, 1 + house // 7 % len(floors), 0))
    hyphens = _join(chome, pa.repeat("-", count), block, pa.repeat("-", count), lot)
    spelt = _join(chome, pa.repeat("丁目", count), block, pa.repeat("番", count), lot, pa.repeat("号", count))
    mixed = _join(kanji_chome, pa.repeat("丁目", count), block, pa.repeat("-", count), lot)
    numbered = pc.if_else(pa.array(style == 1), spelt, pc.if_else(pa.array(style == 4), mixed, hyphens))
    japanese = _join(prefecture, city, town, numbered, building)
    wide = [(str(digit), chr(0xFF10 + digit)) for digit in range(10)] + [("-", "－")]
    in_wide = japanese.filter(pa.array(style == 3))
    for narrow, full in wide:
        in_wide = pc.replace_substring(in_wide, narrow, full)
    japanese = pc.replace_with_mask(japanese, pa.array(style == 3), in_wide)
    gap = pa.repeat(" ", count)
    town_latin = _take([row[1] for row in words.TOWNS], street % len(words.TOWNS))
    city_latin = _take([row[2].replace(",", ", ") for row in places], place)
    english = _join(hyphens, gap, town_latin, pa.repeat(", ", count), city_latin)
    return pc.if_else(pa.array(style == 5), english, japanese)


def _foreign_addresses(
    random: np.random.Generator, code: str, place: Numbers, street: Numbers, house: Numbers
) -> pa.Array:
    count = len(place)
    short = (random.random(count) < 0.3).astype(np.int64)
    number = pc.cast(pa.array(1 + house % (180 if code in ("FR", "DE", "NL", "IT", "ES") else 4_000)), pa.string())
    gap = pa.repeat(" ", count)
    if code in words.STREET_HEADS or code in words.STREET_ENDS:
        name = _take(list(words.CONTINENTAL_STREETS), street % len(words.CONTINENTAL_STREETS))
        if code in words.STREET_ENDS:
            line = _join(name, _take(list(words.STREET_ENDS[code]), short), gap, number)
        else:
            head = _take(list(words.STREET_HEADS[code]), short)
            line = _join(number, gap, head, name) if code == "FR" else _join(head, name, pa.repeat(", ", count), number)
    else:
        kinds = [f" {kind[form]}" for kind in words.STREET_KINDS for form in (0, 1)]
        kind = street // 100 % len(words.STREET_KINDS) * 2 + short
        line = _join(number, gap, _take(list(words.STREETS), street % len(words.STREETS)), _take(kinds, kind))
        has_suite = (street // 1000 % 10 < 4) & (random.random(count) < 0.7)
        suites = [f"{head}{suite}" for head in (", Suite ", " Ste ", ", #") for suite in range(100, 400)]
        suite = random.integers(0, 3, count) * 300 + house // 11 % 300
        line = _join(line, _take(["", *suites], np.where(has_suite, 1 + suite, 0)))
    town = _take([", " + row[1].replace("_", " ") + f", {row[0]}" * bool(row[0]) for row in words.PLACES[code]], place)
    line = pc.if_else(pa.array(random.random(count) < 0.3), _join(line, town), line)
    return pc.if_else(pa.array(random.random(count) < 0.06), pc.utf8_upper(line), line)


def _write_postal_codes(random: np.random.Generator, country: Numbers, place: Numbers, street: Numbers) -> pa.Array:
    """The place's head and digits of the street; the same street of the same town always has the same code."""
    count = len(country)
    most = max(len(places) for places in words.PLACES.values())
    heads = [""] * (len(words.COUNTRIES) * most)
    for row, code in enumerate(words.COUNTRIES):
        heads[row * most : row * most + len(words.PLACES[code])] = [at[3] for at in words.PLACES[code]]
    head = _take(heads, country * most + place)
    tail_digits = np.array(
        [
            {"JP": 4, "US": 2, "NL": 2, "DE": 3, "FR": 3, "IT": 3, "ES": 3, "AU": 2}.get(code, 1)
            for code in words.COUNTRIES
        ]
    )[country]
    tail = _padded(street % 10**tail_digits, tail_digits)
    code_tail = {"GB": " 4QX", "NL": " KX", "CA": "K 2T8"}
    end = _take([code_tail.get(code, "") for code in words.COUNTRIES], country)
    style = np.where(country == _JAPAN, random.choice([1, 0, 2, 3], count, p=[0.65, 0.2, 0.1, 0.05]), 0)
    mark, dash = _take(["", "", "〒", ""], style), _take(["", "-", "-", "－"], style)
    return _join(mark, head, dash, tail, end)


def _write_phones(random: np.random.Generator, companies: _Companies, owner: Numbers) -> pa.Array:
    count = len(owner)
    country, place = companies.country[owner], companies.place[owner]
    subscriber = companies.subscriber[owner]
    # Wrong in one of two ways: another company's number, or one digit of it.
    fate = random.random(count)
    subscriber = np.where(
        fate < 0.01, companies.subscriber[random.integers(0, len(companies.country), count)], subscriber
    )
    slip = 10 ** random.integers(0, 6, count) * random.integers(1, 9, count)
    subscriber = np.where((fate >= 0.01) & (fate < 0.02), (subscriber + slip) % 10**8, subscriber)
    most = max(len(places) for places in words.PLACES.values())
    areas, lengths = [""] * (len(words.COUNTRIES) * most), np.full(len(words.COUNTRIES) * most, 7)
    for row, code in enumerate(words.COUNTRIES):
        for column, at in enumerate(words.PLACES[code]):
            areas[row * most + column] = at[4]
            lengths[row * most + column] = words.CALLING[code][2] - len(at[4])
    cell = country * most + place
    length = lengths[cell]
    high = _padded(subscriber // 10**4 % 10 ** (length - 4), length - 4)
    low = _padded(subscriber % 10**4, np.full(count, 4))
    style = random.choice(5, count, p=[0.5, 0.15, 0.1, 0.1, 0.15])
    heads = []
    for calling, trunk, _ in (words.CALLING[code] for code in words.COUNTRIES):
        heads += [trunk, f"+{calling}-", f"+{calling} ", f"({trunk}", trunk]
    head = _take(heads, country * 5 + style)
    first, second = _take(["-", "-", " ", ") ", ""], style), _take(["-", "-", " ", "-", ""], style)
    return _join(head, _take(areas, cell), first, high, second, low)


def _padded(numbers: Numbers, digits: Numbers) -> pa.Array:
    """Numbers of at most 4 digits with zeros in front."""
    table = [f"{number:0{width}d}" for width in range(1, 5) for number in range(10**width)]
    starts = np.array([0, 0, 10, 110, 1_110])
    return _take(table, starts[digits] + numbers)


def _take(texts: Sequence[str], rows: Numbers, among: Numbers | None = None) -> pa.Array:
    """Text of each row number; empty outside `among`, where the number is another table's."""
    wanted = rows if among is None else np.where(among, rows, 0)
    return pa.array(texts, pa.string()).take(pa.array(wanted))


def _join(*parts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _or_null(texts: pa.Array, is_null: Numbers) -> pa.Array:
    return pc.if_else(pa.array(is_null), pa.scalar(None, pa.string()), texts)


def _pick(texts: Sequence[str], pick: int) -> str:
    return texts[pick % len(texts)]


def _rewrite(
    texts: pa.Array, where: Numbers, change: Callable[[str, int], str], random: np.random.Generator
) -> pa.Array:
    """The texts, those of `where` changed one by one, each with a random number to decide by."""
    chosen = pa.array(where)
    picks = random.integers(0, 2**40, int(where.sum())).tolist()
    changed = [change(text, pick) for text, pick in zip(texts.filter(chosen).to_pylist(), picks, strict=True)]
    return pc.replace_with_mask(texts, chosen, pa.array(changed, pa.string()))


def _ascii(text: str) -> str:
    folded = str.maketrans("éâñíóöüä", "eaniooua")
    return text.lower().translate(folded)
