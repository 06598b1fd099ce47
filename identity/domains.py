"""Registrable domains of hosts, URLs and addresses, by the public suffix list that ships with tldextract."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pandas as pd
import pyarrow as pa
import tldextract

from identity.rules import DOMAIN_KINDS, RuleError

DOMAIN_KEYS_SCHEMA: Final = pa.schema(
    [("host", pa.string()), ("registrable_domain", pa.string()), ("domain_kind", pa.string())]
)
_NO_COMPANY_SUFFIX: Final = frozenset(
    (
        "local",
        "localhost",
        "localdomain",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "invalid",
        "test",
        "arpa",
        "onion",
    )
)
_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*:/*")
_LABEL: Final = re.compile(r"^(?!-)[\w-]{1,63}(?<!-)$")
_PLAIN_HOST: Final = re.compile(
    r"^(?:https?://)?(?:www\.)?(?P<host>(?!www\.|xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.(?!xn--)[a-z][a-z0-9-]{0,61}[a-z0-9]){1,3})/?$",
    re.ASCII,
)
_IPV4: Final = re.compile(r"^\d{1,3}(?:\.\d{1,3}){3}$")
_FULL_STOPS: Final = str.maketrans({"。": "."})
_MAX_URL: Final = 2048


@dataclass(frozen=True)
class Domain:
    """A registrable domain ('' if there is none) and what kind of domain it is."""

    registrable_domain: str
    kind: str


class DomainReader:
    """Reads hosts by the bundled public suffix list, private suffixes included; never goes to the network.

    Parameters
    ----------
    kinds : domain -> free_mail, isp, shared_host, url_host or placeholder; anything else is a company's own.
        Below a shared host each sub-domain is a customer, so a shared host counts as one more public suffix.
    """

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self._kinds = dict(kinds)
        self._extract = _extractor(tuple(sorted(domain for domain, kind in kinds.items() if kind == "shared_host")))
        suffixes = frozenset(self._extract.tlds)
        self._plain_suffixes = frozenset(
            suffix for suffix in suffixes if suffix not in kinds and f"*.{suffix}" not in suffixes
        )
        # Hosts that are no company's although what stands behind their first dot is a suffix, or want other rules.
        self._closer = frozenset((*kinds, *suffixes, *(suffix[1:] for suffix in suffixes if suffix.startswith("!"))))
        self.read = lru_cache(maxsize=None)(self._read)

    def read_all(self, texts: Sequence[str]) -> tuple[list[str], list[str]]:
        """Registrable domain of each text, and its kind."""
        domains, kinds = [""] * len(texts), ["company"] * len(texts)
        match, suffixes, closer = _PLAIN_HOST.match, self._plain_suffixes, self._closer
        for at, text in enumerate(texts):
            found = match(text)
            host = found["host"] if found else ""
            # 'name.suffix' or 'name.co.suffix', as most are.
            if host and host.partition(".")[2] in suffixes and host not in closer:
                domains[at] = host
            else:
                read = self.read(text)
                domains[at], kinds[at] = read.registrable_domain, read.kind
        return domains, kinds

    def _read(self, text: str) -> Domain:
        if not text or not text.strip():
            return Domain("", "none")
        host = host_of(text)
        if not host or _IPV4.match(host) or not all(_LABEL.match(label) for label in host.split(".")):
            return Domain("", "invalid")
        # A listed host may itself be a host below a company's domain (sites.google.com).
        listed = self._listed(host)
        parts = self._extract(host)
        registrable = parts.top_domain_under_public_suffix
        if not registrable and not parts.suffix:
            labels = host.split(".")
            # An unlisted top-level domain is a public suffix by itself (rule "*" of publicsuffix.org).
            if len(labels) > 1 and labels[-1] not in _NO_COMPANY_SUFFIX and not labels[-1].isdigit():
                registrable = ".".join(labels[-2:])
        if listed is not None and (listed[1] != "shared_host" or not registrable):
            return Domain(*listed)
        if not registrable:
            return Domain(host, "shared_host") if parts.is_private and parts.suffix == host else Domain("", "invalid")
        return Domain(registrable, "company")

    def _listed(self, host: str) -> tuple[str, str] | None:
        labels = host.split(".")
        for start in range(len(labels)):
            domain = ".".join(labels[start:])
            if domain in self._kinds:
                return domain, self._kinds[domain]
        return None


@lru_cache(maxsize=8)
def _extractor(extra_suffixes: tuple[str, ...]) -> tldextract.TLDExtract:
    # Neither cache folder nor address: only the list that ships with the package.
    return tldextract.TLDExtract(
        cache_dir=None,
        suffix_list_urls=(),
        fallback_to_snapshot=True,
        include_psl_private_domains=True,
        extra_suffixes=extra_suffixes,
    )


def host_of(text: str) -> str:
    """Host in lower case of a host, a URL or an e-mail address; '' if there is none. Punycode becomes Unicode."""
    if len(text) > _MAX_URL:
        return ""
    text = unicodedata.normalize("NFKC", text.strip()).translate(_FULL_STOPS).lower()
    if any(ord(char) < 32 or char.isspace() for char in text):
        return ""
    text = _SCHEME.sub("", text, count=1) if "//" in text or text.startswith(("mailto:",)) else text
    text = text.lstrip("/")
    for stop in ("/", "?", "#", "\\"):
        text = text.partition(stop)[0]
    text = text.rpartition("@")[2].partition(":")[0].strip(".")
    if text.startswith("www.") and text.count(".") > 1:
        text = text[4:]
    return ".".join(_unicode_label(label) for label in text.split(".")) if "xn--" in text else text


def label_of(domain: str) -> str:
    """Return the part of a registrable domain before its first dot."""
    return domain.partition(".")[0]


def domain_keys(hosts: Iterable[str | None] | pa.Array | pa.ChunkedArray, free_mail_domains: pd.DataFrame) -> pa.Table:
    """Registrable domain and kind of each distinct host text.

    Parameters
    ----------
    hosts : hosts, URLs or e-mail addresses in any order; duplicates and nulls are allowed
    free_mail_domains : columns domain, kind

    Returns
    -------
    Table(host, registrable_domain, domain_kind), one row per distinct text as given, sorted by host. domain_kind is company,
    free_mail, isp, shared_host, url_host, invalid (no domain can be read, or a placeholder) or none (empty text).

    Raises
    ------
    RuleError
        If a kind is none of free_mail, isp, shared_host, url_host, placeholder.
    """
    kinds = dict(zip(free_mail_domains["domain"].astype(str), free_mail_domains["kind"].astype(str), strict=True))
    wrong = sorted(set(kinds.values()) - set(DOMAIN_KINDS))
    if wrong:
        raise RuleError(
            f"seeds/rules/free_mail_domains.csv: kind is {wrong[0]!r}.\nIt has to be one of {', '.join(DOMAIN_KINDS)}."
        )
    reader = DomainReader(kinds)
    values = hosts.to_pylist() if isinstance(hosts, pa.Array | pa.ChunkedArray) else list(hosts)
    texts = sorted({value for value in values if isinstance(value, str)})
    domains, domain_kinds = reader.read_all(texts)
    return pa.table(
        [
            pa.array(texts, pa.string()),
            pa.array([domain or None for domain in domains], pa.string()),
            # A domain that was typed to fill a field is no domain.
            pa.array(["invalid" if kind == "placeholder" else kind for kind in domain_kinds], pa.string()),
        ],
        schema=DOMAIN_KEYS_SCHEMA,
    )


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label
