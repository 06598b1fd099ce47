"""The rules of company matching, read from tables and checked before anything runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from identity.text import fold_all, keys_all, words_all

DOMAIN_KINDS: Final = ("free_mail", "isp", "shared_host", "url_host", "placeholder")
FORM_POSITIONS: Final = ("front", "behind", "any")
# What a stock exchange shortens names to is no abbreviation elsewhere.
LISTING_ONLY: Final = "ja_listing"
DECISIONS: Final = ("same", "different", "parent")

# The rule files that matching reads, by the names of the arguments of `IdentityRules.from_tables`.
RULE_TABLES: Final = (
    "legal_forms",
    "free_mail_domains",
    "account_overrides",
    "identity_parameters",
    "placeholder_names",
    "extra_name_words",
    "common_name_words",
    "name_abbreviations",
)

PARAMETERS: Final = (
    "same_probability",
    "review_probability",
    "shared_domain_names",
    "max_names_per_domain",
    "max_accounts_per_name",
    "max_names_per_word",
    "max_candidates_per_record",
    "similar_name_minimum",
    "max_name_length",
    "domain_agrees",
    "shared_domain_agrees",
    "name_equal_on_domain",
    "name_near",
    "name_alias",
    "name_different",
    "name_word_extra",
    "listed_name_longer",
    "country_agrees",
    "rare_country_agrees",
    "name_is_domain",
    "name_unlike_domain",
    "country_differs",
    "legal_form_agrees",
    "legal_form_differs",
    "address_agrees",
    "postal_code_agrees",
    "phone_agrees",
    "identifier_differs",
    "domain_label_agrees",
    "name_known_twice",
    "name_is_alias",
    "name_base",
    "name_contradicted",
    "name_letter_differs",
    "already_together",
    "relearn_share",
    "second_domain",
    "max_name_information",
    "name_number_differs",
    "name_sounds_alike",
    "name_reordered",
    "name_word_shortened",
    "name_is_initials",
    "name_letters_left_out",
    "name_more_in_front",
    "name_extra_word",
    "name_extra_rare",
    "name_other_words",
    "list_domain_agrees",
    "list_domain_differs",
    "list_phone_agrees",
    "list_phone_differs",
    "list_address_agrees",
    "list_place_agrees",
    "list_address_differs",
    "list_postal_code_agrees",
    "list_postal_code_differs",
    "list_email_agrees",
    "list_also_agrees",
    "list_also_differs",
    "list_only_candidate",
    "list_similar_minimum",
    "list_pair_not_compared",
    "list_precision_target",
    "max_accounts_per_place",
    "list_name_base",
    "list_phone_area_differs",
    "name_written_otherwise",
    "list_formal_other",
    "list_abbreviated_name",
    "list_short_name",
    "list_alias_agrees",
    "list_formal_longer",
    "list_lei_differs",
    "list_least_probability",
)


class RuleError(ValueError):
    """A rule file asks for something impossible; edit the file that the message names."""


@dataclass(frozen=True)
class LegalForm:
    """One spelling of a legal form."""

    form: str
    canonical_form: str
    country: str
    position: str


@dataclass(frozen=True)
class Override:
    """One decision of a person about two records; `row` is its line in the file."""

    decision: str
    left_record: str
    right_record: str
    row: int


@dataclass(frozen=True, eq=False)
class IdentityRules:
    """Everything a person may change about company matching; two sets of rules are the same if they are one object."""

    legal_forms: tuple[LegalForm, ...]
    domain_kinds: Mapping[str, str]
    overrides: tuple[Override, ...]
    parameters: Mapping[str, float]
    placeholder_names: tuple[str, ...]
    extra_words: Mapping[str, float]
    common_words: Mapping[str, float]
    abbreviations: Mapping[str, str]
    listing_ends: tuple[tuple[str, str], ...]

    def fingerprint(self) -> str:
        """Hash of everything but the decisions of people: where it is another one, every record has to be compared anew."""
        values = [
            sorted(vars(self)[name].items()) if isinstance(vars(self)[name], Mapping) else vars(self)[name]
            for name in sorted(vars(self))
            if name != "overrides"
        ]
        return hashlib.sha256(repr(values).encode()).hexdigest()

    def __getitem__(self, parameter: str) -> float:
        return self.parameters[parameter]

    @classmethod
    def from_tables(
        cls,
        legal_forms: pd.DataFrame,
        free_mail_domains: pd.DataFrame,
        account_overrides: pd.DataFrame,
        identity_parameters: pd.DataFrame,
        placeholder_names: pd.DataFrame,
        extra_name_words: pd.DataFrame,
        common_name_words: pd.DataFrame,
        name_abbreviations: pd.DataFrame,
    ) -> IdentityRules:
        """Rules from the rule tables of these names, with the columns of `seeds/rules/`.

        Raises
        ------
        RuleError
            If a table lacks a column, a value is not one of the allowed ones, a parameter is missing or out of range,
            or a decision is given for one record only.
        """
        forms = tuple(
            LegalForm(form, canonical, country.upper(), position)
            for form, canonical, country, position in _rows(
                legal_forms, "legal_forms", ("form", "canonical_form", "country", "position")
            )
        )
        for form in forms:
            _check_allowed("legal_forms", form.form, "position", form.position, FORM_POSITIONS)

        kinds: dict[str, str] = {}
        for domain, kind in _rows(free_mail_domains, "free_mail_domains", ("domain", "kind")):
            _check_allowed("free_mail_domains", domain, "kind", kind, DOMAIN_KINDS)
            kinds[domain.lower()] = kind

        overrides = tuple(
            Override(decision, left, right, row)
            # Line 1 of the file is its header.
            for row, (decision, left, right) in enumerate(
                _rows(account_overrides, "account_overrides", ("decision", "left_record", "right_record")), start=2
            )
        )
        for override in overrides:
            where = f"line {override.row}"
            _check_allowed("account_overrides", where, "decision", override.decision, DECISIONS)
            if not override.left_record or not override.right_record:
                raise RuleError(
                    f"seeds/rules/account_overrides.csv, {where}: left_record is {override.left_record!r} and "
                    f"right_record is {override.right_record!r}.\nA decision is about two records. Fill in both."
                )

        names = tuple(name for (name,) in _rows(placeholder_names, "placeholder_names", ("name",)) if name)
        return cls(
            forms,
            kinds,
            overrides,
            _read_parameters(identity_parameters),
            names,
            _read_numbers(extra_name_words, "extra_name_words", "word", "weight"),
            _read_numbers(common_name_words, "common_name_words", "word", "share"),
            {
                # The first row of an abbreviation counts where several languages have it.
                short: full
                for short, full, language in reversed(
                    _rows(name_abbreviations, "name_abbreviations", ("abbreviation", "full_form", "language"))
                )
                if language != LISTING_ONLY
            },
            _listing_ends(_rows(name_abbreviations, "name_abbreviations", ("abbreviation", "full_form", "language"))),
        )


def _rows(table: pd.DataFrame, name: str, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise RuleError(
            f"seeds/rules/{name}.csv: columns {', '.join(missing)} are missing.\n"
            f"It has {', '.join(map(str, table.columns)) or 'none'}. Add them."
        )
    texts = [["" if pd.isna(cell) else str(cell).strip() for cell in table[column].tolist()] for column in columns]
    return list(zip(*texts, strict=True))


def _listing_ends(rows: list[tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """Ends of short names on a stock exchange with what they stand for, as they are written in name keys."""
    ends = [(short, full) for short, full, language in rows if language == LISTING_ONLY]
    shorts = keys_all(words_all(fold_all([short for short, _ in ends])))
    fulls = keys_all(words_all(fold_all([full for _, full in ends])))
    return tuple(sorted({(short, full) for short, full in zip(shorts, fulls, strict=True) if short and full}))


def _read_numbers(table: pd.DataFrame, name: str, key: str, column: str) -> dict[str, float]:
    """Number of each word, as the word is written in name keys."""
    rows = _rows(table, name, (key, column))
    words = keys_all(words_all(fold_all([word for word, _ in rows])))
    numbers: dict[str, float] = {}
    for word, (_, number) in zip(words, rows, strict=True):
        try:
            numbers.setdefault(word, float(number))
        except ValueError:
            raise RuleError(f"seeds/rules/{name}.csv, {word}: {column} is {number!r}, expected a number.") from None
    return numbers


def _check_allowed(table: str, row: str, column: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise RuleError(
            f"seeds/rules/{table}.csv, {row}: {column} is {value!r}.\nIt has to be one of {', '.join(allowed)}."
        )


def _read_parameters(table: pd.DataFrame) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, value, low, high in _rows(table, "identity_parameters", ("parameter", "value", "min_value", "max_value")):
        try:
            number, least, most = float(value), float(low), float(high)
        except ValueError:
            raise RuleError(
                f"seeds/rules/identity_parameters.csv, {name}: value, min_value or max_value is not a number "
                f"({value!r}, {low!r}, {high!r})."
            ) from None
        if not least <= number <= most:
            raise RuleError(
                f"seeds/rules/identity_parameters.csv, {name}: value is {number:g}, outside {least:g} to {most:g}.\n"
                "Choose a value in the range, or move the range with a reason in the note."
            )
        values[name] = number
    missing = [name for name in PARAMETERS if name not in values]
    if missing:
        raise RuleError(f"seeds/rules/identity_parameters.csv: no row for {', '.join(missing)}. Add them.")
    if values["review_probability"] > values["same_probability"]:
        raise RuleError(
            f"seeds/rules/identity_parameters.csv: review_probability is {values['review_probability']:g}, above "
            f"same_probability ({values['same_probability']:g}).\nA merge needs more evidence than a question. "
            "Lower review_probability or raise same_probability."
        )
    return values
