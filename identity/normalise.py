"""Company records in comparable form: one row each, with the keys that matching works on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from identity import identifiers
from identity.addresses import address_key, phone_key, postal_key
from identity.compare import is_label
from identity.domains import DomainReader
from identity.names import Name, NameReader
from identity.rules import IdentityRules

TEXT_COLUMNS: Final = (
    "record_id",
    "source",
    "source_id",
    "company_name",
    "name_en",
    "name_kana",
    "aliases",
    "domain",
    "other_domains",
    "country_code",
    "region",
    "address",
    "postal_code",
    "phone",
    "corporate_number",
    "lei",
    "duns",
)
# What an alternative name is; a lower number is nearer to the name itself.
NAME, NAME_EN, ALIAS, KANA = range(4)

_PROVIDER_SOURCE: Final = "firmographics"
_SOURCE_ORDER: Final = {"salesforce": 0}
_COUNTRY: Final = re.compile(r"^[A-Z]{2}$")
# Codes met in data for countries whose ISO 3166 code is another.
_COUNTRY_TO: Final = {"FX": "FR", "UK": "GB", "EL": "GR"}
_BRACKETED_NAME: Final = re.compile(
    r"[(（\[［【]\s*(?:称号|旧社名|旧商号|旧名|旧|通称|formerly known as|formerly|former|f/?k/?a|d/?b/?a|a/?k/?a)"
    r"[\s:：、.]*(?P<other>[^)）\]］】]+)[)）\]］】]",
    re.IGNORECASE,
)
_MAX_ALTERNATIVES: Final = 50
_LONGEST_LABEL: Final = 63
_LATEST: Final = pd.Timestamp(date.max.replace(year=2261))


@dataclass(frozen=True)
class Prepared:
    """Records, their names and their domains.

    Attributes
    ----------
    records : one row per record, sorted by record_id; the row number is what the other tables call `row`
    names : row, name_key, normalised_name, scripts, kind (NAME, NAME_EN, ALIAS, KANA); names that can be used only
    domains : row, domain, is_primary; domains of kind company only
    duplicate_rows : input rows left out because their record_id stands on another row too
    """

    records: pd.DataFrame
    names: pd.DataFrame
    domains: pd.DataFrame
    duplicate_rows: int


def prepare(records: pa.Table | pd.DataFrame, rules: IdentityRules) -> Prepared:
    """Bring company records into comparable form.

    Parameters
    ----------
    records : columns of `identity.company_records`; only record_id is required. Order does not matter; of rows with one
        record_id the first in the order of their texts is taken.

    Raises
    ------
    ValueError
        If record_id is missing or empty.
    """
    frame, duplicate_rows = _read(records)
    reader = NameReader(rules.legal_forms, rules.placeholder_names, int(rules["max_name_length"]))
    domains = DomainReader(rules.domain_kinds)

    main_names = frame["company_name"].map(_split_bracketed)
    texts = [main for main, _ in main_names]
    parsed = [reader.read(text) for text in texts]
    issues: list[list[str]] = [list(name.issues) for name in parsed]

    hosts = [domains.read(text) for text in frame["domain"]]
    for row, (name, host) in enumerate(zip(parsed, hosts, strict=True)):
        # 'Personal' is no company, except at personal.com.ar.
        if name.is_placeholder and host.kind == "company":
            real = reader.read_real(texts[row]) if len(texts[row]) <= _LONGEST_LABEL else name
            if is_label(real.name_key, host.registrable_domain):
                parsed[row], issues[row] = real, []
    for row, host in enumerate(hosts):
        if host.kind in ("invalid", "placeholder"):
            issues[row].append(f"domain_{host.kind}")
    columns: dict[str, list[str]] = {}
    checks: dict[str, Callable[[str], tuple[str, str]]] = {
        "corporate_number": identifiers.corporate_number,
        "lei": identifiers.lei,
        "duns": identifiers.duns,
    }
    for column, check in checks.items():
        checked = {text: check(text) for text in frame[column].unique()}
        columns[column] = [checked[text][0] for text in frame[column]]
        for row, text in enumerate(frame[column]):
            if checked[text][1]:
                issues[row].append(checked[text][1])
    countries = frame["country_code"].str.upper().replace(_COUNTRY_TO)
    known = countries.map(lambda text: bool(_COUNTRY.match(text)))
    for unread in np.flatnonzero(~known & (countries != "")):
        issues[unread].append("country_unreadable")

    result = pd.DataFrame(
        {
            "record_id": frame["record_id"],
            "source": frame["source"],
            "provider": _providers(frame),
            "source_order": frame["source"].map(lambda source: _SOURCE_ORDER.get(source, 1)),
            "first_seen_date": frame["first_seen_date"],
            "normalised_name": [name.normalised_name for name in parsed],
            "name_key": [name.name_key for name in parsed],
            "legal_form": [name.legal_form for name in parsed],
            "branch": [name.branch for name in parsed],
            "scripts": [name.scripts for name in parsed],
            "is_placeholder": [name.is_placeholder for name in parsed],
            "registrable_domain": [host.registrable_domain for host in hosts],
            "domain_kind": ["invalid" if host.kind == "placeholder" else host.kind for host in hosts],
            **columns,
            "country": countries.where(known, ""),
            "address_key": _map_unique(frame["address"], address_key),
            "postal_key": _map_unique(frame["postal_code"], postal_key),
            "phone_key": _map_unique(frame["phone"], phone_key),
        }
    )
    result["issues"] = ["|".join(sorted(set(texts))) for texts in issues]
    former = [other for _, other in main_names]
    return Prepared(
        result,
        _names(frame, parsed, former, reader),
        _domains(frame, result, domains),
        duplicate_rows,
    )


def _read(records: pa.Table | pd.DataFrame) -> tuple[pd.DataFrame, int]:
    table = records.to_pandas() if isinstance(records, pa.Table) else records
    if "record_id" not in table.columns:
        raise ValueError(
            f"company records have no column record_id; they have {', '.join(map(str, table.columns)) or 'none'}.\n"
            "Every record needs an id that stays the same from run to run."
        )
    frame = pd.DataFrame(
        {
            column: table[column].map(_text, na_action=None).astype("object")
            if column in table.columns
            else pd.Series("", index=table.index, dtype="object")
            for column in TEXT_COLUMNS
        }
    )
    if len(frame) and (frame["record_id"].str.strip() == "").any():
        count = int((frame["record_id"].str.strip() == "").sum())
        raise ValueError(f"company records: record_id is empty on {count} of {len(frame)} rows.\nGive each row an id.")
    dates = table["first_seen_date"] if "first_seen_date" in table.columns else pd.Series(None, index=table.index)
    frame["first_seen_date"] = pd.to_datetime(dates.map(_text), errors="coerce", format="ISO8601").fillna(_LATEST)
    rows = len(frame)
    frame = frame.sort_values(["record_id", "first_seen_date", *TEXT_COLUMNS[1:]], kind="stable")
    frame = frame.drop_duplicates("record_id", keep="first").reset_index(drop=True)
    return frame, rows - len(frame)


def _text(value: object) -> str:
    if isinstance(value, str):
        # Half a surrogate pair cannot be written anywhere; the rest of the text can.
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    return "" if value is None or value is pd.NaT or value is pd.NA or value != value else str(value)


def _split_bracketed(text: str) -> tuple[str, str]:
    """Name without a former or trade name in brackets, and that other name."""
    found = _BRACKETED_NAME.search(text) if len(text) < 1000 else None
    if not found or not text[: found.start()].strip():
        return text, ""
    return f"{text[: found.start()]} {text[found.end() :]}", found["other"]


def _providers(frame: pd.DataFrame) -> list[str]:
    """`firmographics:<provider>` where a provider keeps one row per company; '' where duplicates are usual."""
    return [
        record_id.rpartition(":")[0] or source if source == _PROVIDER_SOURCE else ""
        for record_id, source in zip(frame["record_id"], frame["source"], strict=True)
    ]


def _map_unique(column: pd.Series, function: Callable[[str], str]) -> pd.Series:
    return column.map({text: function(text) for text in column.unique()})


def _names(frame: pd.DataFrame, parsed: list[Name], former: list[str], reader: NameReader) -> pd.DataFrame:
    rows: list[int] = []
    names: list[Name] = []
    kinds: list[int] = []

    def add(row: int, name: Name, kind: int) -> None:
        if name.name_key and not parsed[row].is_placeholder:
            rows.append(row)
            names.append(name)
            kinds.append(kind)

    for row, (name, name_en, kana, aliases, other) in enumerate(
        zip(parsed, frame["name_en"], frame["name_kana"], frame["aliases"], former, strict=True)
    ):
        add(row, name, NAME)
        if name_en:
            add(row, reader.read(name_en), NAME_EN)
        if other:
            add(row, reader.read(other), ALIAS)
        if aliases:
            for alias in aliases.split("|")[:_MAX_ALTERNATIVES]:
                add(row, reader.read(alias), ALIAS)
        if kana:
            add(row, reader.read(kana), KANA)
    table = pd.DataFrame(
        {
            "row": np.array(rows, dtype=np.int64),
            "name_key": [name.name_key for name in names],
            "normalised_name": [name.normalised_name for name in names],
            "scripts": np.array([name.scripts for name in names], dtype=np.int64),
            "kind": np.array(kinds, dtype=np.int64),
        }
    ).astype({"name_key": "object", "normalised_name": "object"})
    return (
        table.sort_values(["row", "name_key", "kind", "normalised_name"], kind="stable")
        .drop_duplicates(["row", "name_key"])
        .reset_index(drop=True)
    )


def _domains(frame: pd.DataFrame, records: pd.DataFrame, reader: DomainReader) -> pd.DataFrame:
    primary = np.flatnonzero(records["domain_kind"] == "company")
    rows = list(primary)
    values = list(records["registrable_domain"].to_numpy()[primary])
    is_primary = [True] * len(rows)
    for row in np.flatnonzero(frame["other_domains"] != ""):
        for text in str(frame["other_domains"].iat[int(row)]).split("|")[: 10 * _MAX_ALTERNATIVES]:
            domain = reader.read(text)
            if domain.kind == "company":
                rows.append(row)
                values.append(domain.registrable_domain)
                is_primary.append(False)
    table = pd.DataFrame(
        {"row": np.array(rows, dtype=np.int64), "domain": values, "is_primary": np.array(is_primary, dtype=bool)}
    ).astype({"domain": "object"})
    return (
        table.sort_values(["row", "domain", "is_primary"], ascending=[True, True, False], kind="stable")
        .drop_duplicates(["row", "domain"])
        .reset_index(drop=True)
    )
