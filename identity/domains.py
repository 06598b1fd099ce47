"""Registrable domains of hosts, URLs and addresses, by the public suffix list that ships with tldextract."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import tldextract

from identity.lines import Flags, bytes_of, column_of, has, is_in, listed, merged
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
# A host of two to four labels, as most are written; labels of more than 63 characters go the long way, as all others do.
_LABELS: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z][a-z0-9-]*[a-z0-9]){1,3}"
_PLAIN_HOST: Final = f"^{_LABELS}$"
_PLAIN_TEXT: Final = rf"^(?:https?://)?(?:www\.)?{_LABELS}/?$"
_LONGEST_PLAIN: Final = 63
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
        self._plain_suffixes = column_of(
            sorted(suffix for suffix in suffixes if suffix not in kinds and f"*.{suffix}" not in suffixes)
        )
        # Hosts that are no company's although what stands behind their first dot is a suffix, or want other rules.
        self._closer = column_of(
            sorted({*kinds, *suffixes, *(suffix[1:] for suffix in suffixes if suffix.startswith("!"))})
        )
        self._read_once = lru_cache(maxsize=None)(self._read)

    def read(self, text: str) -> Domain:
        """Registrable domain of one text, and its kind."""
        return self._read_once(host_of(text)) if text.strip() else Domain("", "none")

    def read_all(self, texts: pa.LargeStringArray) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
        """Registrable domain of each text, and its kind."""
        is_plain, hosts = self._plain(texts, _PLAIN_TEXT)
        rest = listed(texts.filter(pa.array(~is_plain)))
        of_rest = column_of([host_of(text) for text in rest])
        is_plain_host, more_hosts = self._plain(of_rest, _PLAIN_HOST)
        others = np.flatnonzero(~is_plain_host)
        read = [
            self._read_once(host) if rest[at].strip() else Domain("", "none")
            for at, host in zip(others.tolist(), listed(of_rest.take(pa.array(others))), strict=True)
        ]
        domains = merged(is_plain_host, more_hosts, column_of([one.registrable_domain for one in read]))
        kinds = np.array(["company"], dtype=object).repeat(len(texts))
        kinds[np.flatnonzero(~is_plain)[others]] = [one.kind for one in read]
        return merged(is_plain, hosts, domains), column_of(kinds)

    def _plain(self, texts: pa.LargeStringArray, pattern: str) -> tuple[Flags, pa.LargeStringArray]:
        """(n,) whether each text is 'name.suffix' or 'name.co.suffix', as most are, and those domains."""
        is_plain = has(texts, pattern)
        hosts = texts.filter(pa.array(is_plain))
        for prefix in ("https://", "http://", "www.") if pattern == _PLAIN_TEXT else ():
            starts = pc.starts_with(hosts, prefix)
            rest = pc.utf8_slice_codeunits(hosts.filter(starts), len(prefix))
            hosts = pc.replace_with_mask(hosts, starts, rest)
        hosts = pc.utf8_rtrim(hosts, "/")
        # More than the pattern can say; such a host is read the long way.
        is_clear = ~has(hosts, r"^www\.|xn--|^[^.]*$") & (np.diff(bytes_of(hosts)[1]) <= _LONGEST_PLAIN)
        is_plain[is_plain] = is_clear
        hosts = hosts.filter(pa.array(is_clear))
        suffixes = pc.list_element(pc.split_pattern(hosts, ".", max_splits=1), 1)
        is_company = is_in(suffixes, self._plain_suffixes) & ~is_in(hosts, self._closer)
        is_plain[is_plain] = is_company
        return is_plain, hosts.filter(pa.array(is_company))

    def _read(self, host: str) -> Domain:
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
    domains, domain_kinds = reader.read_all(column_of(texts))
    return pa.table(
        [
            pa.array(texts, pa.string()),
            pc.if_else(pc.equal(domains, ""), None, domains).cast(pa.string()),
            # A domain that was typed to fill a field is no domain.
            pc.if_else(pc.equal(domain_kinds, "placeholder"), "invalid", domain_kinds).cast(pa.string()),
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
