from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import RuleError, domain_keys
from identity.domains import DomainReader

from .conftest import make_rules

READER = DomainReader(make_rules().domain_kinds)


@pytest.mark.parametrize(
    ("text", "domain", "kind"),
    [
        ("greenhouse.example", "greenhouse.example", "company"),
        ("HTTPS://WWW.Greenhouse.CO.UK:443/about?x#y", "greenhouse.co.uk", "company"),
        ("shop.greenhouse.co.jp", "greenhouse.co.jp", "company"),
        ("someone@mail.greenhouse.com", "greenhouse.com", "company"),
        ("http://user:word@greenhouse.com/", "greenhouse.com", "company"),
        ("greenhouse.com.", "greenhouse.com", "company"),
        ("ｇｒｅｅｎ。ｊｐ", "green.jp", "company"),
        ("xn--wgv71a119e.jp", "日本語.jp", "company"),
        # private suffix of the public suffix list, and a shared host of our own list: the customer's sub-domain counts
        ("greenhouse.github.io", "greenhouse.github.io", "company"),
        ("github.io", "github.io", "shared_host"),
        ("greenhouse.bank.in", "greenhouse.bank.in", "company"),
        ("bank.in", "bank.in", "shared_host"),
        ("a@gmail.com", "gmail.com", "free_mail"),
        ("a@pc.yahoo.co.jp", "yahoo.co.jp", "free_mail"),
        ("a@xx.ocn.ne.jp", "ocn.ne.jp", "isp"),
        ("https://www.facebook.com/greenhouse", "facebook.com", "url_host"),
        ("https://sites.google.com/view/greenhouse", "sites.google.com", "url_host"),
        ("google.com", "google.com", "company"),
        ("example.com", "example.com", "placeholder"),
        ("", "", "none"),
        ("co.jp", "", "invalid"),
        ("localhost", "", "invalid"),
        ("127.0.0.1", "", "invalid"),
        ("printer.local", "", "invalid"),
        ("green house.com", "", "invalid"),
        ("no domain", "", "invalid"),
        ("\x00", "", "invalid"),
        ("a" * 64 + ".com", "", "invalid"),
    ],
)
def test_a_host_is_read_to_its_registrable_domain_and_kind(text: str, domain: str, kind: str) -> None:
    found = READER.read(text)
    assert (found.registrable_domain, found.kind) == (domain, kind)


def test_domain_keys_has_one_sorted_row_per_distinct_host() -> None:
    kinds = pd.DataFrame({"domain": ["gmail.com"], "kind": ["free_mail"]})
    table = domain_keys(pa.array(["b.com", None, "a@gmail.com", "b.com", "?"]), kinds)
    assert table.to_pydict() == {
        "host": ["?", "a@gmail.com", "b.com"],
        "registrable_domain": [None, "gmail.com", "b.com"],
        "domain_kind": ["invalid", "free_mail", "company"],
    }


def test_domain_keys_of_nothing_is_an_empty_table_of_texts() -> None:
    table = domain_keys([], pd.DataFrame({"domain": [], "kind": []}))
    assert table.num_rows == 0
    assert table.schema.field("host").type == pa.string()


def test_an_unknown_kind_is_an_error_of_the_rules() -> None:
    with pytest.raises(RuleError, match="kind is 'fre_mail'"):
        domain_keys(["a.com"], pd.DataFrame({"domain": ["gmail.com"], "kind": ["fre_mail"]}))


@given(st.text(max_size=300))
def test_no_host_crashes(text: str) -> None:
    found = READER.read(text)
    assert (found.registrable_domain == "") == (found.kind in ("none", "invalid"))
