"""What speaks for and against two records being one company, in natural log-odds that add up.

Each weight is a row of `seeds/rules/identity_parameters.csv`; rarity of names and countries is learned from the records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.accounts import DISJOINT, SHARED, Accounts, FactTable, label_codes
from identity.block import NameFeatures
from identity.prepared import Flags, Prepared
from identity.rarity import Floats, NameRarity, NameStatistics
from identity.rules import IdentityRules
from identity.runs import Ints as Rows
from identity.runs import distinct

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Part:
    """One piece of evidence of many pairs.

    Attributes
    ----------
    weight : (n,) log-odds; NaN for pairs that it says nothing about
    words : texts that say it, for the pairs at the places given
    """

    weight: Floats
    words: Callable[[Places], pa.Array]


@dataclass(frozen=True)
class Proposals:
    """Pairs of rows that may be one account.

    Attributes
    ----------
    left, right : (n,) rows
    rule : (n,) keys by which they met, as places in `RULES`
    kind : (n,) how strong a join each is, from `identity.accounts`
    parts : the evidence; its weights add up to `log_odds`
    """

    left: Rows
    right: Rows
    rule: NDArray[np.int8]
    kind: NDArray[np.int8]
    parts: Sequence[Part]

    @property
    def log_odds(self) -> Floats:
        """Sum of the evidence."""
        total = np.zeros(len(self.left))
        for part in self.parts:
            total += np.nan_to_num(part.weight)
        return np.round(total, 9)

    def evidence(self, at: Places) -> pa.Array:
        """Return the parts in words with their weights, for the pairs at the places given."""
        texts = []
        for part in self.parts:
            weights = part.weight[at]
            present = np.flatnonzero(~np.isnan(weights))
            if not len(present):
                continue
            tenths = np.round(weights[present] * 10).astype(np.int64)
            lowest = int(tenths.min())
            shown = pa.array([f" {tenth / 10:+.1f}" for tenth in range(lowest, int(tenths.max()) + 1)], pa.string())
            text = pc.binary_join_element_wise(part.words(at[present]), shown.take(pa.array(tenths - lowest)), "")
            place = np.zeros(len(at), np.int64)
            place[present] = np.arange(len(present))
            texts.append(text.take(pa.array(place, mask=np.isnan(weights))))
        if not texts:
            return pa.repeat("", len(at))
        return pc.binary_join_element_wise(*texts, "; ", null_handling="skip")


RULES = (
    "override_same",
    "corporate_number",
    "lei",
    "duns",
    "domain_and_name",
    "domain_and_alias",
    "domain",
    "name",
    "similar_name",
    "list",
)
RULE_CODE = {rule: code for code, rule in enumerate(RULES)}


def constant(words: str) -> Callable[[Places], pa.Array]:
    """Words that are the same for every pair."""
    return lambda at: pa.repeat(words, len(at))


def named(prefix: str, values: Sequence[str], codes: Rows) -> Callable[[Places], pa.Array]:
    """Words with a value of each pair behind them."""
    return lambda at: pc.binary_join_element_wise(prefix, chosen(values, codes[at]), " ")


def chosen(values: Sequence[str], codes: Rows) -> pa.Array:
    """Texts by their codes; '' for a code below 0."""
    if len(codes) < len(values):
        return pa.array([values[code] if code >= 0 else "" for code in codes.tolist()], pa.string())
    texts = pa.array([*values, ""], pa.string())
    return texts.take(pa.array(np.where(codes < 0, len(values), codes)))


def probability(log_odds: Floats) -> Floats:
    """(n,) probability, 0 to 1, of natural log-odds."""
    bounded = np.clip(log_odds, -700, 700)
    return np.where(
        bounded >= 0, 1 / (1 + np.exp(-np.abs(bounded))), np.exp(-np.abs(bounded)) / (1 + np.exp(-np.abs(bounded)))
    )


@dataclass(frozen=True)
class Statistics:
    """How rare names, countries and words were among the records of some run.

    A later run that is given them judges every pair as that run did: what is rare does not move with each new record.

    Attributes
    ----------
    names : of the name model
    countries : country, count
    features : feature (a hash), name_count
    """

    names: NameStatistics
    countries: pa.Table
    features: pa.Table


def known_counts(features: NameFeatures, counted: pa.Table) -> Rows:
    """(number of features,) how many names have each feature by a table feature, name_count; 0 for one that is not in it."""
    place = pc.index_in(pa.array(features.values), value_set=counted["feature"].combine_chunks())
    found = counted["name_count"].combine_chunks().take(place)
    counts: Rows = found.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return counts


class Evidence:
    """Weighs agreements and disagreements by the rules and by what is rare in the records.

    Attributes
    ----------
    name_information : (number of names,) log-odds that an equal name adds: the rarer, the more, up to a bound; below 0 for names
        of many companies
    chance_information : (number of names,) the same by the words alone, whether or not names of the kind are known to be
        carried twice
    """

    def __init__(self, prepared: Prepared, rules: IdentityRules, statistics: Statistics | None = None) -> None:
        self.rules = rules
        self.prepared = prepared
        self._statistics = statistics
        self.rarity = NameRarity(
            prepared.name_keys,
            prepared.name_texts,
            _company_counts(prepared),
            rules.common_words,
            statistics.names if statistics else None,
        )
        self.is_unspaced = self.rarity.is_unspaced
        self.name_information: Floats = np.minimum(-np.log(self.rarity.expected_count), rules["max_name_information"])
        with np.errstate(divide="ignore"):
            chance = -np.log(self.rarity.chance_count)
        self.chance_information: Floats = np.minimum(chance, rules["max_name_information"])
        countries = prepared.columns["country"]
        if statistics is None:
            self._country_counts = np.bincount(countries.codes[countries.codes >= 0], minlength=len(countries.values))
            total = int(self._country_counts.sum())
        else:
            counted = statistics.countries
            known = dict(zip(counted["country"].to_pylist(), counted["count"].to_pylist(), strict=True))
            self._country_counts = np.array([known.get(country, 0) for country in countries.values], np.int64)
            total = sum(known.values())
        self._country_shares = np.maximum(self._country_counts, 1) / max(total, 1)
        form_countries = {form.canonical_form: form.country for form in rules.legal_forms}
        country_codes: dict[str, int] = {"": -1}
        self._form_country = np.array(
            [
                country_codes.setdefault(form_countries.get(form, ""), len(country_codes))
                for form in prepared.columns["legal_form"].values
            ],
            np.int64,
        )

    def feature_counts(self, features: NameFeatures) -> Rows | None:
        """Number of names that have each feature, among the names that were learned from; None if these are the ones."""
        return None if self._statistics is None else known_counts(features, self._statistics.features)

    def statistics(self, features: NameFeatures) -> Statistics:
        """What was learned from the records, for a later run; `features` are those of all names that are compared."""
        return Statistics(
            self.rarity.statistics(),
            pa.table(
                {
                    "country": pa.array(self.prepared.columns["country"].values, pa.string()),
                    "count": self._country_counts,
                }
            ),
            pa.table(
                {"feature": features.values, "name_count": np.bincount(features.code, minlength=len(features.values))}
            ),
        )

    def countries(self, accounts: Accounts, left: Rows, right: Rows, by_rarity: bool = False) -> list[Part]:
        """Weight of the countries; by rarity, to agree on a country of few records says more than on one of many."""
        relation, code = accounts.share("country", left, right)
        agrees = np.full(len(left), self.rules["country_agrees"])
        if by_rarity and len(self._country_shares):
            # Half the information, because names go with languages and so with countries.
            with np.errstate(divide="ignore"):
                learned = -0.5 * np.log(self._country_shares)
            agrees = np.clip(learned[code], self.rules["country_agrees"], self.rules["rare_country_agrees"])
        values = accounts.column("country").values
        return [
            Part(np.where(relation == SHARED, agrees, np.nan), named("country", values, code)),
            Part(
                np.where(relation == DISJOINT, self.rules["country_differs"], np.nan),
                _pair_of("countries", accounts, "country", left, right),
            ),
        ]

    def legal_forms(self, accounts: Accounts, left: Rows, right: Rows) -> list[Part]:
        """Weight of the legal forms: two forms of one country exclude each other; a form used everywhere says nothing."""
        relation, code = accounts.share("legal_form", left, right)
        excludes = relation == DISJOINT
        excludes[excludes] = self._share_form_country(accounts, left[excludes], right[excludes])
        values = accounts.column("legal_form").values
        return [
            Part(
                np.where(relation == SHARED, self.rules["legal_form_agrees"], np.nan), named("legal form", values, code)
            ),
            Part(
                np.where(excludes, self.rules["legal_form_differs"], np.nan),
                _pair_of("legal forms", accounts, "legal_form", left, right),
            ),
        ]

    def _share_form_country(self, accounts: Accounts, left: Rows, right: Rows) -> Flags:
        """Whether two accounts have legal forms of one country."""
        facts = accounts.facts("legal_form")
        root = np.repeat(np.arange(len(facts.starts) - 1), np.diff(facts.starts))
        country = self._form_country[facts.values]
        tells = country >= 0
        relation, _, _ = FactTable.of(root[tells], country[tells], len(facts.starts) - 1).shared(left, right)
        shared: Flags = relation == SHARED
        return shared

    def places(self, accounts: Accounts, left: Rows, right: Rows) -> list[Part]:
        """Weight of equal addresses, postal codes and telephone numbers; the two strongest, as they are one place."""
        parts = []
        taken = np.zeros(len(left), np.int64)
        for words, kind, parameter in (
            ("address", "address", "address_agrees"),
            ("telephone", "phone", "phone_agrees"),
            ("postal code", "postal_code", "postal_code_agrees"),
        ):
            relation, code = accounts.share(kind, left, right)
            counts = (relation == SHARED) & (taken < 2)
            taken += counts
            parts.append(
                Part(np.where(counts, self.rules[parameter], np.nan), named(words, accounts.column(kind).values, code))
            )
        return parts


def _pair_of(words: str, accounts: Accounts, kind: str, left: Rows, right: Rows) -> Callable[[Places], pa.Array]:
    """Words with the first value of each side behind them, the smaller text first."""
    # The facts of now: by the time that the words are asked for, accounts may have grown.
    facts, values = accounts.facts(kind), accounts.column(kind).values

    def text(at: Places) -> pa.Array:
        texts = []
        for one, other in zip(left[at].tolist(), right[at].tolist(), strict=True):
            firsts = [
                min((values[code] for code in facts.values[facts.starts[root] : facts.starts[root + 1]]), default="")
                for root in (one, other)
            ]
            texts.append(f"{words} {min(firsts)} and {max(firsts)}")
        return pa.array(texts, pa.string())

    return text


def _company_counts(prepared: Prepared) -> NDArray[np.int64]:
    """Companies known to be different for each name as a main name: by corporate number, else by the label of the main domain."""
    result = np.zeros(len(prepared.name_keys), np.int64)
    number, domain = prepared.columns["corporate_number"].codes, prepared.columns["domain"]
    is_company = prepared.columns["domain_kind"]
    company_code = is_company.values.index("company") if "company" in is_company.values else -2
    label = np.append(label_codes(domain.values), -1)
    # A record with a number and one with a domain may be one company: count each kind of mark by itself.
    for marks, having in (
        (number.astype(np.int64), number >= 0),
        (label[domain.codes], (number < 0) & (is_company.codes == company_code)),
    ):
        rows = np.flatnonzero(having & (prepared.main_name >= 0))
        if len(rows):
            span = int(marks[rows].max()) + 1
            found = distinct(prepared.main_name[rows].astype(np.int64) * span + marks[rows]) // span
            result = np.maximum(result, np.bincount(found, minlength=len(result)))
    return result
