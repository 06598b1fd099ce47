from __future__ import annotations

import re

import duckdb
import pytest
from lxml import html

from orchestration.plan_page import render_plan_page
from reverse_etl.breaker import Trip
from reverse_etl.ledger import LedgerStore
from reverse_etl.plan import Plan
from tests.unit.reverse_etl.night import Night, account_id, account_row, contact_id, memory_crm, queue_row, tables

TRIPS = [Trip("breaker_created_count", "1 record would be created")]


@pytest.fixture
def plan() -> Plan:
    with duckdb.connect() as connection:
        night = Night(memory_crm(), LedgerStore(connection))
        night.crm.rows["Account"][account_id(1)]["Name"] = "<b>株式会社</b> & Söhne"
        contacts = [{"salesforce_contact_id": contact_id(1), "committee_role": "DM"}]
        night.deliver(tables([account_row(1), account_row(2)], contacts))
        changed = tables(
            [account_row(1, score=77.0, next_best_action="Ask ann@firm.example"), account_row(2)],
            [{"salesforce_contact_id": contact_id(1), "committee_role": "EB"}],
            [queue_row(2)],
        )
        return night.plan(changed)


def test_old_stands_beside_new_and_what_is_unusual_above(plan: Plan) -> None:
    page = html.fromstring(render_plan_page(plan, TRIPS))
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.xpath("//table[@id='changes']/tr")]
    assert ["ABM_Score__c", "50.00", "77.00", ""] in rows
    assert any("<b>株式会社</b> & Söhne" in row[0] for row in rows), "a name is text and no markup"
    assert "1 record would be created" in page.xpath("string(//div[@role='alert'])")
    counts = {row[0].text: row for row in page.xpath("//table[@id='counts']/tr")[1:]}
    assert [cell.text for cell in counts["Account"][1:]] == ["0", "1", "0", "0", "1"]


def test_nobody_is_named_and_nothing_is_fetched(plan: Plan) -> None:
    text = render_plan_page(plan, ())
    assert "ann@firm.example" not in text
    assert contact_id(1) not in text and "ABM_Committee_Role__c" not in text
    assert not re.search(r"https?://|src=|<script", text)


def test_one_account_alone_and_none_of_that_name(plan: Plan) -> None:
    assert "Firm 2" not in render_plan_page(plan, (), account_id(1))
    assert "Nothing would change." in render_plan_page(plan, (), "no such company")
