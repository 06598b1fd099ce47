"""The matching policy, one claim a test; names and domains are invented."""

from __future__ import annotations

import pytest

from identity import resolve

from .conftest import DAY, accounts, default_rules, joins, make_records, make_rules

NUMBER = "7000012050002"
# 000011000005: 5*1 + 1*1 + 1*2 = 8 by the rule of test_identifiers, and 9 - 8 = 1.
OTHER_NUMBER = "1000011000005"
LEI = "54930084UKLVMY22DS16"


def test_an_equal_corporate_number_joins_whatever_the_names() -> None:
    assert joins(
        {"company_name": "Green House", "corporate_number": NUMBER},
        {"company_name": "緑屋", "corporate_number": f"T{NUMBER}"},
    )


@pytest.mark.parametrize(("column", "value"), [("lei", LEI), ("duns", "150483782")])
def test_an_equal_lei_or_duns_number_joins(column: str, value: str) -> None:
    assert joins({"company_name": "Green House", column: value}, {"company_name": "Red Barn", column: value})


def test_an_invalid_number_joins_nothing() -> None:
    assert not joins(
        {"company_name": "Green House", "corporate_number": "123"},
        {"company_name": "Red Barn", "corporate_number": "123"},
    )


def test_two_corporate_numbers_are_never_joined_by_domain_name_and_address() -> None:
    same = {
        "company_name": "緑電気工業株式会社",
        "domain": "midori-denki.jp",
        "address": "千代田区緑町1-2-3",
        "country_code": "JP",
    }
    assert not joins({**same, "corporate_number": NUMBER}, {**same, "corporate_number": OTHER_NUMBER})


def test_a_record_without_a_number_does_not_weld_two_numbers() -> None:
    same = {"company_name": "緑電気工業株式会社", "domain": "midori-denki.jp", "country_code": "JP"}
    found = accounts({**same, "corporate_number": NUMBER}, same, {**same, "corporate_number": OTHER_NUMBER})
    assert all(not {"0", "2"} <= account for account in found)


def test_one_domain_and_one_name_join() -> None:
    assert joins(
        {"company_name": "Green House GmbH", "domain": "green-house.de"},
        {"company_name": "GREEN HOUSE", "domain": "https://www.green-house.de/x"},
    )


def test_an_alias_joins_on_the_domain() -> None:
    assert joins(
        {"company_name": "Green House", "domain": "green-house.de"},
        {
            "record_id": "firmographics:p:1",
            "company_name": "Blumenladen",
            "aliases": "GH|green house",
            "domain": "green-house.de",
        },
    )


def test_names_in_two_scripts_join_on_a_domain_that_is_made_of_one_of_them() -> None:
    assert joins(
        {"company_name": "緑屋食品", "domain": "midoriya.co.jp"},
        {"company_name": "Midoriya Foods", "domain": "midoriya.co.jp"},
    )


def test_names_in_two_scripts_do_not_join_on_a_domain_that_is_like_neither() -> None:
    assert not joins(
        {"company_name": "緑屋食品", "domain": "qx-17.co.jp"},
        {"company_name": "Redbarn Systems", "domain": "qx-17.co.jp"},
    )


def test_clearly_different_names_on_one_domain_are_a_question() -> None:
    rows = make_records(
        {"company_name": "Green House", "domain": "shared.com"}, {"company_name": "Tall Tower", "domain": "shared.com"}
    )
    resolution = resolve(rows, None, default_rules(), DAY)
    assert resolution.members.to_pandas()["account_id"].nunique() == 2
    candidates = resolution.candidates.to_pandas()
    assert candidates[["rule", "decision"]].to_numpy().tolist() == [["domain", "review"]]
    assert "names differ -4.0" in candidates["evidence"].iloc[0]


def test_a_foreign_subsidiary_on_the_brand_domain_is_not_joined() -> None:
    assert not joins(
        {"company_name": "Green House", "domain": "greenhouse.com", "country_code": "US"},
        {"company_name": "Green House Ireland", "domain": "greenhouse.com", "country_code": "IE"},
    )


def test_a_longer_name_in_another_list_is_a_question() -> None:
    longer = {"record_id": "firmographics:q:1", "company_name": "Green House Ireland", "domain": "greenhouse.com"}
    listed = {"record_id": "firmographics:p:1", "company_name": "Green House", "domain": "greenhouse.com"}
    assert not joins(listed, longer)


def test_a_domain_of_many_brands_is_shared_and_joins_equal_names_only() -> None:
    brands = ["Green House", "Tall Tower", "Silver Moon", "Iron Gate", "Blue River"]
    rows = [{"company_name": brand, "domain": "holding.com"} for brand in brands + brands]
    resolution = resolve(make_records(*rows), None, default_rules(), DAY)
    assert resolution.members.to_pandas()["account_id"].nunique() == len(brands)
    assert set(resolution.record_keys.to_pandas()["domain_kind"]) == {"shared"}


def test_two_rows_of_one_provider_make_a_domain_shared() -> None:
    rows = [
        {"record_id": "firmographics:p:1", "company_name": "Green House Inn", "domain": "holding.com"},
        {"record_id": "firmographics:p:2", "company_name": "Green House Suites", "domain": "holding.com"},
        {"record_id": "salesforce:0", "company_name": "Green House", "domain": "holding.com"},
    ]
    assert len(accounts(*rows)) == 3


@pytest.mark.parametrize("domain", ["gmail.com", "https://www.facebook.com/", "nifty.com", "github.io", "example.com"])
def test_a_domain_that_is_nobodys_joins_nothing(domain: str) -> None:
    assert not joins(
        {"company_name": "Green House", "domain": domain}, {"company_name": "Tall Tower", "domain": domain}
    )


def test_customers_of_a_shared_host_are_told_apart_by_their_sub_domain() -> None:
    same, other = (
        {"company_name": "Green House", "domain": "greenhouse.myshopify.com"},
        {"company_name": "Tall Tower", "domain": "talltower.myshopify.com"},
    )
    assert accounts(same, same, other) == {frozenset({"0", "1"}), frozenset({"2"})}


def test_a_rare_name_joins_when_one_side_says_nothing_else() -> None:
    assert joins(
        {"company_name": "Quibbledonk Harvesting Systems", "domain": "quibbledonk.com"},
        {"company_name": "QUIBBLEDONK HARVESTING SYSTEMS INC"},
    )


def test_a_short_name_alone_is_a_question_and_joins_with_the_country() -> None:
    assert not joins({"company_name": "Zorv", "domain": "zorv.com"}, {"company_name": "Zorv"})
    others = [{"company_name": f"Other{number} Company{number}", "country_code": "US"} for number in range(40)]
    found = accounts(
        {"company_name": "Zorvex", "domain": "zorvex.no", "country_code": "NO"},
        {"company_name": "Zorvex", "country_code": "NO"},
        *others,
    )
    assert frozenset({"0", "1"}) in found


def test_an_equal_name_does_not_join_across_countries() -> None:
    name = {"company_name": "Quibbledonk Harvesting Systems"}
    assert not joins({**name, "country_code": "US"}, {**name, "country_code": "JP"})


def test_an_equal_name_does_not_join_two_domains_that_are_not_alike() -> None:
    name = {"company_name": "Quibbledonk Harvesting Systems"}
    assert not joins({**name, "domain": "qhs.com"}, {**name, "domain": "harvest.org"})


def test_two_legal_forms_of_one_country_speak_against_one_company() -> None:
    assert joins({"company_name": "緑電気工業株式会社"}, {"company_name": "緑電気工業"})
    assert not joins({"company_name": "緑電気工業株式会社"}, {"company_name": "緑電気工業有限会社"})


def test_a_name_of_several_companies_joins_nothing_by_itself() -> None:
    name = {"company_name": "First Lantern Bank"}
    found = accounts({**name, "domain": "flb-ohio.com"}, {**name, "domain": "lanternbank.com"}, name)
    assert found == {frozenset({"0"}), frozenset({"1"}), frozenset({"2"})}


def test_a_weak_bridge_does_not_weld_two_listed_companies() -> None:
    name = {"company_name": "Quibbledonk Harvesting Systems"}
    found = accounts(
        {**name, "record_id": "firmographics:p:1"},
        {**name, "record_id": "firmographics:q:1"},
        {**name, "record_id": "salesforce:0"},
    )
    assert all(len([id_ for id_ in account if id_.startswith("firmographics")]) < 2 for account in found)


@pytest.mark.parametrize(
    "name", ["個人", "未定", "test", "N/A", "unknown", "Test Account", "zzz do not use", "=cmd|' /C calc'!A0", "", "😀"]
)
def test_placeholder_names_are_never_joined(name: str) -> None:
    row = {
        "company_name": name,
        "domain": "greenhouse.com",
        "country_code": "JP",
        "phone": "03-1234-5678",
        "address": "千代田区緑町1-2-3",
    }
    if name in ("", "😀"):
        row["domain"] = ""
    assert not joins(row, dict(row))


def test_a_placeholder_word_is_a_company_on_its_own_domain() -> None:
    row = {"company_name": "Personal", "domain": "personal.com.ar"}
    assert joins(row, dict(row))


def test_similar_names_are_shown_and_not_joined() -> None:
    rows = make_records(
        {"company_name": "Quibbledonk Harvesting Systems"}, {"company_name": "Quibbledonk Harvesting System"}
    )
    resolution = resolve(rows, None, default_rules(), DAY)
    assert resolution.members.to_pandas()["account_id"].nunique() == 2
    assert resolution.candidates.to_pandas()[["rule", "decision"]].to_numpy().tolist() == [["similar_name", "review"]]


def test_every_join_names_its_rule_partner_and_confidence() -> None:
    rows = make_records(
        {"company_name": "Green House", "domain": "greenhouse.com"},
        {"company_name": "Green House", "domain": "greenhouse.com"},
    )
    members = resolve(rows, None, default_rules(), DAY).members.to_pandas()
    assert members["match_rule"].tolist() == ["first_record", "domain_and_name"]
    assert members["matched_record_id"].tolist()[1] == "salesforce:0"
    # domain_agrees 4.6 and name_equal_on_domain 4: 1 / (1 + exp(-8.6))
    assert members["confidence"].tolist() == [1.0, pytest.approx(0.999816, abs=1e-6)]


def test_a_higher_threshold_joins_less() -> None:
    rows = [
        {"company_name": "Green House", "domain": "greenhouse.com"},
        {"company_name": "Green House Bank", "domain": "greenhouse.com"},
    ]
    # domain_agrees 4.6, one unknown word -0.2 * ln(1002 / 2) = -1.24: 3.36, probability 0.966
    assert joins(*rows, rules=make_rules(same_probability=0.96))
    assert not joins(*rows, rules=make_rules(same_probability=0.97))
