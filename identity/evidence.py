"""What speaks for and against two records being one company, in natural log-odds that add up.

Each weight is a row of `seeds/rules/identity_parameters.csv`; rarity of names and countries is learned from the records.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from identity.cluster import Facts, label_of
from identity.normalise import Prepared
from identity.rarity import NameRarity
from identity.rules import IdentityRules

# One piece of evidence in words, and its weight.
Part = tuple[str, float]


@dataclass(frozen=True)
class Proposal:
    """Two rows that may be one account.

    Attributes
    ----------
    log_odds : sum of the evidence
    left, right : rows
    rule : key by which they met
    kind : how strong a join this is, from `identity.cluster`
    evidence : the parts in words with their weights
    """

    log_odds: float
    left: int
    right: int
    rule: str
    kind: int
    evidence: str

    @classmethod
    def of(cls, parts: Iterable[Part], left: int, right: int, rule: str, kind: int) -> Proposal:
        """Proposal whose evidence is the sum of the parts."""
        parts = list(parts)
        text = "; ".join(f"{words} {weight:+.1f}" for words, weight in parts)
        return cls(math.fsum(weight for _, weight in parts), left, right, rule, kind, text)


class Evidence:
    """Weighs agreements and disagreements by the rules and by what is rare in the records."""

    def __init__(self, prepared: Prepared, rules: IdentityRules) -> None:
        self.rules = rules
        names = prepared.names.sort_values(["name_key", "normalised_name"], kind="stable")
        names = names.drop_duplicates("name_key")
        self._normalised = dict(zip(names["name_key"], names["normalised_name"], strict=True))
        self.rarity = NameRarity(self._normalised.items(), _company_counts(prepared))
        countries = prepared.records.loc[prepared.records["country"] != "", "country"]
        counts = countries.value_counts()
        self._country_shares = {str(country): count / len(countries) for country, count in counts.items()}
        self._form_countries = {form.canonical_form: form.country for form in rules.legal_forms}

    def name_information(self, key: str) -> float:
        """Log-odds that an equal name adds: the rarer, the more, up to a bound; below 0 for names of many companies."""
        expected = self.rarity.expected_count(key, self._normalised[key])
        return min(-math.log(expected), self.rules["max_name_information"])

    def countries(self, one: set[str], other: set[str], by_rarity: bool = False) -> list[Part]:
        """Weight of the countries; by rarity, to agree on a country of few records says more than on one of many."""
        if not one or not other:
            return []
        both = one & other
        if not both:
            return [(f"countries {min(one)} and {min(other)}", self.rules["country_differs"])]
        weight = self.rules["country_agrees"]
        if by_rarity:
            # Half the information, because names go with languages and so with countries.
            learned = -0.5 * math.log(min(self._country_shares[country] for country in both))
            weight = min(max(weight, learned), self.rules["rare_country_agrees"])
        return [(f"country {min(both)}", weight)]

    def legal_forms(self, one: set[str], other: set[str]) -> list[Part]:
        """Weight of the legal forms: two forms of one country exclude each other; a form used everywhere says nothing."""
        if one & other:
            return [(f"legal form {min(one & other)}", self.rules["legal_form_agrees"])]
        for left in sorted(one):
            for right in sorted(other):
                country = self._form_countries.get(left)
                if country and country == self._form_countries.get(right):
                    return [(f"legal forms {left} and {right}", self.rules["legal_form_differs"])]
        return []

    def places(self, one: Facts, other: Facts) -> list[Part]:
        """Weight of equal addresses, postal codes and telephone numbers; the two strongest, as they are one place."""
        parts = [
            (f"{words} {min(mine & theirs)}", self.rules[parameter])
            for words, mine, theirs, parameter in (
                ("address", one.addresses, other.addresses, "address_agrees"),
                ("telephone", one.phones, other.phones, "phone_agrees"),
                ("postal code", one.postal_codes, other.postal_codes, "postal_code_agrees"),
            )
            if mine & theirs
        ]
        return parts[:2]


def _company_counts(prepared: Prepared) -> dict[str, int]:
    """Companies known to be different for each main name: by corporate number, else by the label of the main domain."""
    records = prepared.records
    has_number = records["corporate_number"] != ""
    known = records[(records["name_key"] != "") & (has_number | (records["domain_kind"] == "company"))]
    has_number = known["corporate_number"] != ""
    labels = known["registrable_domain"].map(label_of)
    marks = pd.DataFrame(
        {
            "name_key": known["name_key"],
            "mark": known["corporate_number"].where(has_number, labels),
            # A record with a number and one with a domain may be one company: count each kind of mark by itself.
            "has_number": has_number,
        }
    )
    counts = marks.drop_duplicates().groupby(["name_key", "has_number"]).size().groupby("name_key").max()
    return {str(key): int(count) for key, count in counts.items()}
