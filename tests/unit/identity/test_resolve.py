from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity import IdentityRules, Resolution, resolve, tables

from .conftest import DAY, default_rules, make_records, make_rules, partition

RULES = default_rules()
WITH_THRESHOLD = {threshold: make_rules(same_probability=threshold) for threshold in (0.8, 0.95, 0.99)}
TABLES = ("record_keys", "members", "candidates", "history", "aliases", "set_aside")

names = st.sampled_from(
    [
        "Green House",
        "GREEN HOUSE GmbH",
        "Green House Bank",
        "Tall Tower",
        "緑屋",
        "株式会社緑屋",
        "ミドリヤ",
        "Midoriya",
        "test",
        "",
        "Quibbledonk Systems",
    ]
)
domains = st.sampled_from(
    ["", "greenhouse.com", "www.greenhouse.com/x", "midoriya.jp", "gmail.com", "talltower.org", "?"]
)
countries = st.sampled_from(["", "JP", "US"])
numbers = st.sampled_from(["", "", "", "7000012050002", "1000011000005", "12"])
sources = st.sampled_from(["salesforce:", "firmographics:p:", "firmographics:q:", "product:"])
rows = st.tuples(names, domains, countries, numbers, sources)


def frame(drawn: list[tuple[str, str, str, str, str]]) -> pd.DataFrame:
    return make_records(
        *(
            {
                "record_id": f"{source}{at}",
                "company_name": name,
                "domain": domain,
                "country_code": country,
                "corporate_number": number,
            }
            for at, (name, domain, country, number, source) in enumerate(drawn)
        )
    )


def equal(one: Resolution, other: Resolution, names_of_tables: tuple[str, ...] = TABLES) -> bool:
    return all(getattr(one, name).equals(getattr(other, name)) for name in names_of_tables)


def groups(resolution: Resolution) -> dict[str, frozenset[str]]:
    members = resolution.members.to_pandas()
    return {account: frozenset(ids) for account, ids in members.groupby("account_id")["record_id"]}


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(rows, max_size=14), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(drawn: list[tuple[str, str, str, str, str]], random: object) -> None:
    records = frame(drawn)
    order = list(range(len(records)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert equal(resolve(records, None, RULES, DAY), resolve(records.iloc[order], None, RULES, DAY))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(rows, max_size=14))
def test_repeated_rows_are_reported_and_change_nothing(drawn: list[tuple[str, str, str, str, str]]) -> None:
    records = frame(drawn)
    once, twice = resolve(records, None, RULES, DAY), resolve(pd.concat([records, records]), None, RULES, DAY)
    assert equal(once, twice, ("record_keys", "members", "candidates", "history", "aliases"))
    assert ("repeated_record_id" in twice.set_aside["reason"].to_pylist()) == bool(drawn)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(rows, max_size=14))
def test_a_rerun_gives_the_same_tables_and_no_history(drawn: list[tuple[str, str, str, str, str]]) -> None:
    records = frame(drawn)
    first = resolve(records, None, RULES, DAY)
    again = resolve(records, first.members, RULES, DAY + timedelta(1), first.aliases)
    assert equal(first, again, ("record_keys", "members", "candidates", "aliases", "set_aside"))
    assert again.history.num_rows == 0


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(rows, min_size=2, max_size=14))
def test_no_account_ever_holds_two_corporate_numbers(drawn: list[tuple[str, str, str, str, str]]) -> None:
    resolution = resolve(frame(drawn), None, RULES, DAY)
    merged = resolution.members.to_pandas().merge(resolution.record_keys.to_pandas(), on="record_id")
    assert merged.groupby("account_id")["corporate_number"].nunique().le(1).all()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(*[st.text(max_size=50)] * 11), max_size=5))
def test_no_text_in_any_column_crashes_and_no_record_is_lost(drawn: list[tuple[str, ...]]) -> None:
    columns = (
        "company_name",
        "name_en",
        "name_kana",
        "aliases",
        "domain",
        "other_domains",
        "country_code",
        "address",
        "phone",
        "corporate_number",
        "lei",
    )
    records = pd.DataFrame(
        [(str(at), *row) for at, row in enumerate(drawn)], columns=["record_id", *columns], dtype=object
    )
    resolution = resolve(records, None, RULES, DAY)
    assert resolution.members["record_id"].to_pylist() == sorted(records["record_id"])
    assert resolution.record_keys["record_id"].to_pylist() == sorted(records["record_id"])


def test_half_a_surrogate_pair_is_survived() -> None:
    records = make_records({"company_name": "Green\ud800House", "domain": "\udfff"}, {"company_name": "\ud800"})
    assert resolve(records, None, RULES, DAY).members.num_rows == 2


def test_swapping_two_records_gives_the_same_account() -> None:
    one, other = (
        {"company_name": "Green House", "domain": "greenhouse.com"},
        {"company_name": "Green House Inc", "domain": "greenhouse.com"},
    )
    assert len(partition(resolve(make_records(one, other), None, RULES, DAY))) == 1
    assert len(partition(resolve(make_records(other, one), None, RULES, DAY))) == 1


def test_a_bridge_that_arrives_later_merges_and_leaves_an_alias() -> None:
    one = {"record_id": "salesforce:1", "company_name": "Green House", "domain": "greenhouse.com"}
    other = {"record_id": "salesforce:2", "company_name": "Casa Verde", "corporate_number": "7000012050002"}
    bridge = {
        "record_id": "salesforce:3",
        "company_name": "Green House",
        "domain": "greenhouse.com",
        "corporate_number": "7000012050002",
    }
    first = resolve(make_records(one, other), None, RULES, DAY)
    second = resolve(make_records(one, other, bridge), first.members, RULES, DAY + timedelta(1), first.aliases)
    ids = dict(zip(first.members["record_id"].to_pylist(), first.members["account_id"].to_pylist(), strict=True))
    survivor = second.members["account_id"].to_pylist()[0]
    assert set(second.members["account_id"].to_pylist()) == {survivor} <= set(ids.values())
    (gone,) = set(ids.values()) - {survivor}
    assert second.aliases.to_pylist() == [
        {"alias_account_id": gone, "account_id": survivor, "as_of_date": DAY + timedelta(1)}
    ]
    assert sorted(second.history["event"].to_pylist()) == ["joined", "merged"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, min_size=8, max_size=16), st.lists(rows, max_size=2), st.sampled_from(sorted(WITH_THRESHOLD)))
def test_new_records_and_another_threshold_leave_the_ids_of_untouched_accounts(
    drawn: list[tuple[str, str, str, str, str]], news: list[tuple[str, str, str, str, str]], threshold: float
) -> None:
    old = frame(drawn)
    first = resolve(old, None, RULES, DAY)
    now = resolve(
        frame([*drawn, *news]),
        first.members,
        WITH_THRESHOLD[threshold],
        DAY + timedelta(1),
        first.aliases,
    )
    ids = set(old["record_id"])
    before = {group: one for one, group in groups(first).items()}
    after = {group & ids: one for one, group in groups(now).items()}
    aliases = dict(zip(now.aliases["alias_account_id"].to_pylist(), now.aliases["account_id"].to_pylist(), strict=True))
    for group, account_id in before.items():
        if group in after:
            assert after[group] == account_id
        for whole, survivor in after.items():
            if group < whole:
                assert survivor == aliases.get(account_id, account_id)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.lists(rows, max_size=14), st.integers(1, 14))
def test_the_boundaries_of_batches_do_not_matter(drawn: list[tuple[str, str, str, str, str]], cut: int) -> None:
    whole = resolve(frame(drawn), None, RULES, DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("identity.normalise._NAMES_AT_ONCE", cut)
        patch.setattr("identity.name_matches._PAIRS_AT_ONCE", 1)
        assert equal(whole, resolve(frame(drawn), None, RULES, DAY))


def test_an_untouched_membership_keeps_its_first_day() -> None:
    one = {"record_id": "salesforce:1", "company_name": "Green House", "domain": "greenhouse.com"}
    new = {"record_id": "salesforce:2", "company_name": "Green House", "domain": "greenhouse.com"}
    first = resolve(make_records(one), None, RULES, DAY)
    second = resolve(make_records(one, new), first.members, RULES, DAY + timedelta(5), first.aliases)
    assert second.members["as_of_date"].to_pylist() == [DAY, DAY + timedelta(5)]


def test_the_first_record_is_the_crm_record_then_the_oldest() -> None:
    same = {"company_name": "Green House", "domain": "greenhouse.com"}
    rows = make_records(
        {**same, "record_id": "firmographics:p:1", "first_seen_date": date(2001, 1, 1)},
        {**same, "record_id": "salesforce:2", "first_seen_date": date(2020, 1, 1)},
        {**same, "record_id": "salesforce:1", "first_seen_date": date(2021, 1, 1)},
    )
    members = resolve(rows, None, RULES, DAY).members.to_pandas()
    assert members.loc[members["match_rule"] == "first_record", "record_id"].tolist() == ["salesforce:2"]


def test_tables_have_the_agreed_columns_even_without_records() -> None:
    resolution = resolve(pa.table({"record_id": pa.array([], pa.string())}), None, RULES, DAY)
    assert resolution.record_keys.schema == tables.RECORD_KEYS
    assert resolution.members.schema == tables.ACCOUNT_MEMBERS
    assert resolution.candidates.schema == tables.MATCH_CANDIDATES
    assert resolution.history.schema == tables.ACCOUNT_ID_HISTORY
    assert resolution.aliases.schema == tables.ACCOUNT_ALIASES
    assert resolution.set_aside.schema == tables.SET_ASIDE
    assert all(getattr(resolution, name).num_rows == 0 for name in TABLES)


def test_records_without_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="record_id is empty on 1 of 2 rows"):
        resolve(pd.DataFrame({"record_id": ["a", None]}), None, RULES, DAY)
    with pytest.raises(ValueError, match="have no column record_id"):
        resolve(pd.DataFrame({"name": ["a"]}), None, RULES, DAY)


def test_what_is_wrong_with_a_record_is_in_its_keys() -> None:
    records = make_records(
        {"company_name": "test", "corporate_number": "7.00001E+12", "domain": "?", "country_code": "Japan", "duns": "1"}
    )
    (row,) = resolve(records, None, RULES, DAY).record_keys.to_pylist()
    assert (
        row["issues"] == "corporate_number_scientific|country_unreadable|domain_invalid|duns_invalid|name_placeholder"
    )
    assert (row["domain_kind"], row["corporate_number"], row["name_key"]) == ("invalid", None, None)


def test_ten_thousand_records_of_one_name_finish_and_are_reported() -> None:
    records = pd.DataFrame(
        {
            "record_id": [f"salesforce:{n}" for n in range(10_000)],
            "source": "salesforce",
            "company_name": "Green House Foods",
        }
    )
    resolution = resolve(records, None, RULES, DAY)
    assert resolution.members.to_pandas()["account_id"].nunique() == 10_000
    assert resolution.set_aside.to_pylist()[0]["reason"] == "name_with_many_accounts"
    assert resolution.set_aside.to_pylist()[0]["record_count"] == 10_000


def test_ten_thousand_names_on_one_domain_finish_and_are_reported() -> None:
    records = pd.DataFrame(
        {
            "record_id": [f"salesforce:{n}" for n in range(10_000)],
            "company_name": [f"Tower {n}" for n in range(10_000)],
            "domain": "shared.com",
        }
    )
    resolution = resolve(records, None, RULES, DAY)
    assert resolution.members.to_pandas()["account_id"].nunique() == 10_000
    assert ("domain_with_many_names", 10_000) in {
        (row["reason"], row["record_count"]) for row in resolution.set_aside.to_pylist()
    }
    assert set(resolution.record_keys["domain_kind"].to_pylist()) == {"shared"}


def test_real_company_lists_never_mix_corporate_numbers_or_placeholders(
    shared_data: Path, rules: IdentityRules
) -> None:
    accounts = pd.read_csv(shared_data / "landing_1k" / "salesforce" / "Account.csv", dtype=str)
    companies = pd.read_csv(shared_data / "landing_1k" / "firmographics" / "companies.csv", dtype=str)
    crm = pd.DataFrame(
        {
            "record_id": "salesforce:" + accounts["Id"],
            "source": "salesforce",
            "company_name": accounts["Name"],
            "domain": accounts["Website"],
            "address": accounts["BillingStreet"],
            "corporate_number": accounts["AccountNumber"],
        }
    )
    listed = companies.rename(columns={"name": "company_name", "country": "country_code"}).assign(
        record_id="firmographics:" + companies["provider"] + ":" + companies["company_id"], source="firmographics"
    )
    records = pd.concat([crm, listed])
    resolution = resolve(records, None, rules, DAY)
    merged = resolution.members.to_pandas().merge(resolution.record_keys.to_pandas(), on="record_id")
    by_account = merged.groupby("account_id")
    assert by_account["corporate_number"].nunique().max() == 1
    assert merged["account_id"].nunique() < 0.8 * len(merged)
    placeholders = merged[merged["issues"].fillna("").str.contains("name_placeholder|name_is_formula")]
    assert (by_account.size()[placeholders["account_id"]] == 1).all()
