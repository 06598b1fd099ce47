"""What the fields of a list say for and against two of its accounts being one, in log-odds that add up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.accounts import DISJOINT, NAMED_DOMAIN, SHARED, Accounts
from identity.evidence import RULE_CODE, Evidence, Part, Places, Proposals, chosen, constant, named
from identity.lines import column_of
from identity.list_candidates import ListPairs
from identity.match import Matches
from identity.name_evidence import NameWeights
from identity.name_relations import (
    BRANCH,
    EQUAL,
    LETTERS_LEFT_OUT,
    LONGER,
    LONGER_IN_FRONT,
    NAMELESS,
    OTHER_SCRIPT,
    OTHER_WORDS,
    PARTLY,
    READ_ALIKE,
    RELATIONS,
)
from identity.normalise import ALIAS, KANA, Coded, Flags, Prepared
from identity.prepared import recode
from identity.rarity import Floats
from identity.rules import IdentityRules
from identity.runs import Ints, distinct, is_first, numbered, ranks_in_runs

_PHONE_TAIL: Final = 7
_AMERICAN: Final = 11  # digits with the 1 before them
_NUMBER: Final = re.compile(r"\d+(?:-\d+)*")
# A short name hides the words that the whole one has more, so they count less than in two names that could both be whole.
_EXTRA_IN_SHORT: Final = (-0.4, 1.5)
_DIRECTIONS: Final = frozenset(("n", "s", "e", "w", "ne", "nw", "se", "sw", "no", "unit", "ste", "fl", "apt", "suite"))
_STREET_KINDS: Final = frozenset(
    ("st", "rd", "ave", "av", "blvd", "dr", "ln", "pl", "sq", "ct", "hwy", "pkwy", "bldg", "way")
)


@dataclass(frozen=True)
class ListColumns:
    """Further columns of a list: an e-mail address, and columns whose equal values speak for one company.

    The latter are those that the user names.
    """

    email: Coded | None = None
    also: Mapping[str, Coded] = field(default_factory=dict)


def weigh(
    pairs: ListPairs,
    prepared: Prepared,
    matches: Matches,
    evidence: Evidence,
    weights: NameWeights,
    columns: ListColumns,
    is_linking: bool,
) -> tuple[Proposals, Ints]:
    """Evidence of every pair from its names and all its fields, and the relation of its names (places in `RELATIONS`).

    In linking, a short name may stand for a longer one of the other list.
    """
    accounts, rules = matches.accounts, evidence.rules
    left, right = pairs.left, pairs.right
    name, relation, name_left, name_right = _best_names(pairs, prepared, accounts, weights)
    if is_linking:
        base = rules["list_name_base"] + weights.chance_of_both(name_left, name_right)
        lengths = np.append(weights.lengths, 0)
        shorter = np.where(lengths[name_left] <= lengths[name_right], left, right)
        name = _as_short_names(name, relation, base, accounts.has("legal_form", shorter), rules)
    is_branch = (relation == BRANCH) | accounts.has("branch", left) | accounts.has("branch", right)
    domain, code = accounts.share("domain", left, right)
    is_shared = np.isin(code, np.array(sorted(matches.shared_domains), np.int64))
    unlike = domain == DISJOINT
    unlike[unlike] = accounts.share("label", left[unlike], right[unlike])[0] == DISJOINT
    shared_only = is_shared & (domain == SHARED)
    values = prepared.columns["domain"].values
    parts = [
        Part(name, _names_in_words(prepared, relation, name_left, name_right)),
        Part(
            np.where(
                domain == SHARED,
                np.where(shared_only, rules["shared_domain_agrees"], rules["list_domain_agrees"]),
                np.nan,
            ),
            named("domain", values, code),
        ),
        Part(np.where(unlike, rules["list_domain_differs"], np.nan), constant("domains differ")),
        *_phone_parts(accounts, rules, prepared, left, right, is_branch),
        *_address_parts(accounts, rules, prepared, left, right, is_branch),
        *evidence.countries(accounts, left, right),
        *evidence.legal_forms(accounts, left, right),
        Part(
            np.where(
                np.isin(relation, (LONGER, LONGER_IN_FRONT))
                & accounts.has("legal_form", left)
                & accounts.has("legal_form", right),
                rules["list_formal_longer"],
                np.nan,
            ),
            constant("both names carry a legal form"),
        ),
        Part(
            np.where(
                np.isin(relation, (PARTLY, OTHER_WORDS))
                & accounts.has("legal_form", left)
                & accounts.has("legal_form", right),
                rules["list_formal_other"],
                np.nan,
            ),
            constant("both names carry a legal form"),
        ),
    ]
    duns = accounts.share("duns", left, right)[0]
    lei = accounts.share("lei", left, right)[0]
    parts.append(Part(np.where(lei == DISJOINT, rules["list_lei_differs"], np.nan), constant("different LEI")))
    parts.append(
        Part(np.where(duns == DISJOINT, rules["identifier_differs"], np.nan), constant("different D-U-N-S numbers"))
    )
    if columns.email is not None:
        email = accounts.share("email", left, right)[0]
        parts.append(Part(np.where(email == SHARED, rules["list_email_agrees"], np.nan), constant("e-mail address")))
    for label, column in columns.also.items():
        found, code = accounts.share(f"also:{label}", left, right)
        agrees = np.minimum(_rarity(column)[code], rules["list_also_agrees"])
        parts.append(Part(np.where(found == SHARED, agrees, np.nan), constant(label)))
        parts.append(
            Part(np.where(found == DISJOINT, rules["list_also_differs"], np.nan), constant(f"{label} differs"))
        )
    size = len(left)
    proposals = Proposals(
        left, right, np.full(size, RULE_CODE["list"], np.int8), np.full(size, NAMED_DOMAIN, np.int8), parts
    )
    return proposals, relation


def _as_short_names(
    name: Floats, relation: Ints, base: Floats, is_shorter_formal: Flags, rules: IdentityRules
) -> Floats:
    """Weight of names of which a longer one may be the full form of a short one that carries no legal form.

    In another list the short name would not stand for a company beside the one that is there; which of several it is, the
    competition of the candidates decides. A short name with a legal form is a legal person of that name.
    """
    result = name.copy()
    # What the words say that one name has more than words of which nothing is known.
    extra = np.clip(name - base - rules["name_extra_word"], *_EXTRA_IN_SHORT)
    floors = (
        (EQUAL, rules["list_short_name"] + np.zeros(len(name))),
        (LONGER, rules["list_short_name"] + extra),
        (LETTERS_LEFT_OUT, rules["list_abbreviated_name"] + np.zeros(len(name))),
    )
    for kind, floor in floors:
        at = (relation == kind) & ((kind == EQUAL) | ~is_shorter_formal)
        result[at] = np.maximum(name, floor)[at]
    result[(relation == LETTERS_LEFT_OUT) & is_shorter_formal] += rules["list_formal_other"]
    return result


def _best_names(
    pairs: ListPairs, prepared: Prepared, accounts: Accounts, weights: NameWeights
) -> tuple[Floats, Ints, Ints, Ints]:
    """Weight and relation of the best pair of names of each pair of accounts, and the names."""
    size, count = len(prepared.name_keys), len(pairs.left)
    of, one, other = pairs.name_of, pairs.name_left, pairs.name_right
    keys, number, _ = numbered(_name_pairs(one, other, size + 1))
    known_weight, known_relation = weights.weigh(keys // (size + 1) - 1, keys % (size + 1) - 1)
    weight, relation = known_weight[number], known_relation[number]
    # The main names are the last ones.
    last = slice(len(weight) - count, None)
    main, main_relation, main_left, main_right = weight[last].copy(), relation[last], one[last], other[last]
    chosen = np.arange(len(weight) - count, len(weight))
    # A name in another language is tried where the main ones say nothing.
    best = main.copy()
    np.maximum.at(best, of[: len(weight) - count], weight[: len(weight) - count])
    open_pairs = np.flatnonzero(best <= 0)
    at, more_left, more_right = _other_names(pairs.left[open_pairs], pairs.right[open_pairs], prepared, accounts)
    at = open_pairs[at]
    is_new = (more_left != main_left[at]) | (more_right != main_right[at])
    at, more_left, more_right = at[is_new], more_left[is_new], more_right[is_new]
    if len(at):
        more_keys, number, _ = numbered(_name_pairs(more_left, more_right, size + 1))
        place = np.minimum(np.searchsorted(keys, more_keys), len(keys) - 1)
        more_weight, more_relation = known_weight[place], known_relation[place]
        new = np.flatnonzero(keys[place] != more_keys)
        more_weight[new], more_relation[new] = weights.weigh(
            more_keys[new] // (size + 1) - 1, more_keys[new] % (size + 1) - 1
        )
        of, one, other = np.r_[of, at], np.r_[one, more_left], np.r_[other, more_right]
        weight, relation = np.r_[weight, more_weight[number]], np.r_[relation, more_relation[number]]
    has_several = (np.bincount(of, minlength=count) > 1)[of]
    tells = ~np.isin(main_relation, (NAMELESS, OTHER_SCRIPT))
    at = np.flatnonzero(tells[of] & (has_several | (main[of] < 0)))
    pair = of[at]
    kind = np.maximum(pairs.kind(pairs.left[pair], one[at], size), pairs.kind(pairs.right[pair], other[at], size))
    # The last one is that of no name.
    scripts = np.append(prepared.name_scripts, 0)
    # 興和 and 光和 are read alike and differ: where the names themselves can be compared, their readings say no more.
    is_reading = (kind >= KANA) & (scripts[main_left] == scripts[main_right])[pair]
    weight[at[is_reading]] = np.minimum(weight[at], main[pair])[is_reading]
    # A former name is said to be the same company's.
    weight[at[(kind == ALIAS) & (main[pair] < 0)]] += weights.rules["list_alias_agrees"]
    several = np.flatnonzero(has_several)
    # That other names are in two scripts says less than that one name is longer.
    is_unread = (relation == OTHER_SCRIPT) & np.isin(main_relation, (LONGER, LONGER_IN_FRONT, LETTERS_LEFT_OUT))[of]
    strength = np.where(relation == NAMELESS, -100.0, np.where(is_unread, -50.0, weight))[several]
    order = several[np.lexsort((other[several], one[several], -strength, of[several]))]
    first = order[is_first(of[order])]
    chosen[of[first]] = first
    weight, relation, one, other = weight[chosen], relation[chosen], one[chosen], other[chosen]
    equal = np.flatnonzero((relation == EQUAL) & (one >= 0))
    kind = np.maximum(
        pairs.kind(pairs.left[equal], one[equal], size), pairs.kind(pairs.right[equal], other[equal], size)
    )
    relation[equal[kind >= KANA]] = READ_ALIKE
    return weight, relation, one, other


def _name_pairs(left: Ints, right: Ints, span: int) -> Ints:
    """Pairs of names, whichever comes first, as one number each."""
    return (np.minimum(left, right) + 1) * span + np.maximum(left, right) + 1


def _other_names(left: Ints, right: Ints, prepared: Prepared, accounts: Accounts) -> tuple[Ints, Ints, Ints]:
    """All pairs of names of pairs of accounts of which at least one has several names."""
    span = len(prepared.name_keys) or 1
    found = distinct(accounts.root[prepared.name_row] * span + prepared.name_code)
    root, name = found // span, found % span
    starts = np.searchsorted(root, np.arange(len(prepared) + 1))
    counts = np.minimum(np.diff(starts), 8)
    times = counts[left] * counts[right]
    times[times == 1] = 0
    at, rank = np.repeat(np.arange(len(left)), times), ranks_in_runs(times)
    return (
        at,
        name[starts[left[at]] + rank // counts[right[at]]],
        name[starts[right[at]] + rank % counts[right[at]]],
    )


def _names_in_words(prepared: Prepared, relation: Ints, left: Ints, right: Ints) -> Callable[[Places], pa.Array]:
    def text(at: Places) -> pa.Array:
        how = pa.array(RELATIONS, pa.string()).take(pa.array(relation[at]))
        one, other = (
            pc.replace_with_mask(chosen(prepared.name_texts, code[at]), pa.array(code[at] < 0), "no name")
            for code in (left, right)
        )
        words = pc.binary_join_element_wise(how, one, ": ")
        return pc.if_else(pa.array(left[at] == right[at]), words, pc.binary_join_element_wise(words, other, " / "))

    return text


def _crowd(accounts: Accounts, prepared: Prepared, kind: str, other_kind: str, code: Ints) -> Floats:
    """Log of how many users a value seems to have: a number by how many addresses it has, an address by how many numbers.

    A record that says nothing of the other kind counts by its name. The records of one company do not make a crowd.
    """
    facts, others = accounts.facts(kind), accounts.facts(other_kind)
    root = np.repeat(np.arange(len(prepared)), np.diff(facts.starts))
    first = (
        others.values[np.minimum(others.starts[root], max(len(others.values) - 1, 0))] if len(others.values) else root
    )
    names = np.full(len(prepared), -1, np.int64)
    names[accounts.root[::-1]] = prepared.main_name[::-1]
    span = int(others.values.max(initial=0)) + 1
    mark = np.where(others.counts(root) > 0, first, span + 1 + names[root])
    found = distinct(facts.values * (span + len(prepared.name_keys) + 2) + mark)
    counts = np.bincount(
        found // (span + len(prepared.name_keys) + 2),
        minlength=int(max(code.max(initial=0), facts.values.max(initial=0))) + 1,
    )
    return np.log(np.maximum(counts[np.maximum(code, 0)], 1))


def _phone_parts(
    accounts: Accounts, rules: IdentityRules, prepared: Prepared, left: Ints, right: Ints, is_branch: Flags
) -> list[Part]:
    # A branch has an address and a number of its own.
    phone = accounts.share("phone", left, right)[0]
    tail, tail_code = accounts.share("phone_tail", left, right)
    # A number without its area or country code is the same number; with two area codes it is not.
    agrees = phone == SHARED
    open_pairs = np.flatnonzero(~agrees & (tail == SHARED))
    agrees[open_pairs] = _end_alike(accounts, prepared.columns["phone"].values, left[open_pairs], right[open_pairs])
    crowd = _crowd(accounts, prepared, "phone_tail", "place", tail_code)
    return [
        Part(np.where(agrees, np.maximum(rules["list_phone_agrees"] - crowd, 0), np.nan), constant("telephone")),
        Part(
            np.where(~agrees & ~is_branch & (phone == DISJOINT), rules["list_phone_differs"], np.nan),
            constant("telephones differ"),
        ),
        Part(
            np.where(
                ~agrees & ~is_branch & (accounts.share("phone_area", left, right)[0] == DISJOINT),
                rules["list_phone_area_differs"],
                np.nan,
            ),
            constant("in two areas"),
        ),
    ]


def _end_alike(accounts: Accounts, numbers: Sequence[str], left: Ints, right: Ints) -> Flags:
    """Whether a number of one account is the end of a number of the other, but for a 0 in front."""
    facts = accounts.facts("phone")
    counts = facts.counts(right)
    place, mine = facts.of_each(left)
    # Every number of the one with every number of the other.
    times = counts[place]
    at, one = np.repeat(place, times), np.repeat(mine, times)
    other = facts.values[facts.starts[right[at]] + ranks_in_runs(times)]
    used, number = np.unique(np.r_[one, other], return_inverse=True)
    texts = np.array([numbers[code].lstrip("0") for code in used.tolist()], dtype=object)[number].tolist()
    pairs = zip(texts[: len(one)], texts[len(one) :], strict=True)
    is_end = np.array([a.endswith(b) or b.endswith(a) for a, b in pairs], dtype=bool)
    result = np.zeros(len(left), dtype=bool)
    result[at[is_end]] = True
    return result


def _address_parts(
    accounts: Accounts, rules: IdentityRules, prepared: Prepared, left: Ints, right: Ints, is_branch: Flags
) -> list[Part]:
    address, code = accounts.share("address", left, right)
    place, place_code = accounts.share("place", left, right)
    postal, postal_code = accounts.share("postal_code", left, right)
    equal, near = address == SHARED, (address != SHARED) & (place == SHARED)
    values = prepared.columns["address"].values
    full = np.maximum(rules["list_address_agrees"] - _crowd(accounts, prepared, "address", "phone_tail", code), 0.3)
    part = np.maximum(
        rules["list_place_agrees"] - 0.5 * _crowd(accounts, prepared, "place", "phone_tail", place_code), 0.2
    )
    return [
        Part(np.where(equal, full, np.nan), named("address", values, code)),
        Part(np.where(near, part, np.nan), constant("same house number in the street")),
        Part(
            np.where(~equal & ~near & ~is_branch & (address == DISJOINT), rules["list_address_differs"], np.nan),
            constant("addresses differ"),
        ),
        Part(
            np.where(~equal & (postal == SHARED), rules["list_postal_code_agrees"], np.nan),
            named("postal code", prepared.columns["postal_code"].values, postal_code),
        ),
        Part(
            np.where(~equal & ~near & ~is_branch & (postal == DISJOINT), rules["list_postal_code_differs"], np.nan),
            constant("postal codes differ"),
        ),
    ]


def _rarity(column: Coded) -> Floats:
    """Log of how many rows there are per row with each value; 0 behind them for none."""
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    logs: Floats = np.log(max(int(counts.sum()), 1) / np.maximum(counts, 1))
    return np.append(logs, 0.0)


def more_facts(columns: ListColumns) -> dict[str, NDArray[np.int32]]:
    """Codes of the further columns by kind of fact."""
    facts = {f"also:{name}": column.codes for name, column in columns.also.items()}
    if columns.email is not None:
        facts["email"] = columns.email.codes
    return facts


def phone_tails(prepared: Prepared) -> Coded:
    """Last digits of telephone numbers, which stay the same where an area code is left out."""
    phone = prepared.columns["phone"]
    return recode(phone, pc.utf8_slice_codeunits(column_of(phone.values), -_PHONE_TAIL))


def phone_areas(prepared: Prepared) -> Coded:
    """First digits of a national number, none for a local one: they tell two areas apart, if not which."""
    phone = prepared.columns["phone"]
    numbers = pc.utf8_ltrim(column_of(phone.values), "0")
    is_american = pc.and_(pc.equal(pc.binary_length(numbers), _AMERICAN), pc.starts_with(numbers, "1"))
    numbers = pc.if_else(is_american, pc.utf8_slice_codeunits(numbers, 1), numbers)
    is_local = pc.less_equal(pc.binary_length(numbers), _PHONE_TAIL + 1)
    return recode(phone, pc.if_else(is_local, "", pc.utf8_slice_codeunits(numbers, 0, 2)))


def places_of(prepared: Prepared) -> Coded:
    """House number with the name of the street; in Japan with the last characters of the town."""
    address = prepared.columns["address"]
    return recode(address, [_place(text) for text in address.values])


def _place(text: str) -> str:
    found = _NUMBER.search(text)
    if not found:
        return ""
    if text.isascii():
        # 27 Mill Road, Hauptstr 27
        before = [word for word in text[: found.start()].split() if _is_street(word)]
        behind = [word for word in text[found.end() :].split() if _is_street(word)]
        street = before[-1] if before else behind[0] if behind else ""
        return f"{found.group()} {street}" if street else ""
    town = text[: found.start()].replace(" ", "")
    return f"{town[-3:]}{found.group()}" if town else ""


def _is_street(word: str) -> bool:
    return len(word) > 1 and not word.isdigit() and word not in _DIRECTIONS and word not in _STREET_KINDS
