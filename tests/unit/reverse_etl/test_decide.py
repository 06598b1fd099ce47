from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_etl.decide import decide_object
from reverse_etl.rules import OBJECTS, DeliveryRules
from tests.unit.reverse_etl.night import DAY, account_id, crm_schema, house_rules

FIELDS = ("ABM_Account_Key__c", "ABM_Score__c", "ABM_Tier__c", "ABM_Top_Reasons__c")
COLUMNS = {
    "ABM_Account_Key__c": "abm_account_key",
    "ABM_Score__c": "score",
    "ABM_Tier__c": "tier",
    "ABM_Top_Reasons__c": "top_reasons",
}
CHOICES: dict[str, list[str | None]] = {
    "ABM_Account_Key__c": [None, "k1", "k2"],
    "ABM_Score__c": [None, "10.00", "10.50", "12.00"],
    "ABM_Tier__c": [None, "Tier 1", "Tier 2", "Tier 9"],
    "ABM_Top_Reasons__c": [None, "a", "b"],
}
NEVER = "never sent"

Values = dict[str, str | None]
record = st.fixed_dictionaries({name: st.sampled_from(CHOICES[name]) for name in FIELDS})
sent_record = st.fixed_dictionaries({name: st.sampled_from([*CHOICES[name], NEVER]) for name in FIELDS})
situation = st.fixed_dictionaries(
    {
        "wanted": record,
        "held": st.one_of(st.none(), record),
        "sent": st.one_of(st.none(), sent_record),
        "days": st.integers(0, 10),
    }
)


def rules() -> DeliveryRules:
    house = house_rules()
    return replace(house, fields=tuple(rule for rule in house.fields if rule.field in FIELDS))


def oracle(wanted: Values, held: Values | None, sent: Values | None, days: int) -> dict[str | None, str]:
    """Action by field for one account, cell by cell as the README says it; None stands for the whole record."""
    if held is None:
        return {None: "withheld"}
    actions: dict[str | None, str] = {}
    must, may = [], []
    for name in FIELDS:
        last = NEVER if sent is None else sent[name]
        is_edited = last != NEVER and last != held[name]
        if wanted[name] == held[name]:
            if is_edited:
                actions[name] = "unchanged"
        elif is_edited and name != "ABM_Account_Key__c":
            actions[name] = "conflict"
        elif name == "ABM_Tier__c" and wanted[name] == "Tier 9":
            actions[name] = "withheld"
        else:
            score = name == "ABM_Score__c" and wanted[name] is not None and held[name] is not None
            is_small = score and abs(float(wanted[name] or 0) - float(held[name] or 0)) < 1
            (may if is_small or name == "ABM_Top_Reasons__c" else must).append(name)
    was_ever_sent = sent is not None
    if must or (may and (days >= 7 or not was_ever_sent)):
        actions |= dict.fromkeys([*must, *may], "update")
    return actions or {None: "unchanged"}


@settings(max_examples=150, deadline=None)
@given(st.lists(situation, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_whole_columns_decide_as_cell_by_cell_does(situations: list[dict[str, object]], random: object) -> None:
    numbered = list(enumerate(situations, start=1))
    shuffled = list(numbered)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    wanted = [{"salesforce_account_id": account_id(n), **one["wanted"]} for n, one in numbered]  # type: ignore[dict-item]
    held = [{"Id": account_id(n), **one["held"]} for n, one in shuffled if one["held"] is not None]  # type: ignore[dict-item]
    sent = [
        {
            "record_key": account_id(n),
            "as_of_date": DAY - timedelta(days=one["days"]),  # type: ignore[arg-type]
            **{name: None if value == NEVER else value or "" for name, value in one["sent"].items()},  # type: ignore[attr-defined]
        }
        for n, one in reversed(shuffled)
        if one["sent"] is not None
    ]
    text = [(name, pa.string()) for name in FIELDS]
    decided = decide_object(
        OBJECTS[0],
        rules(),
        pa.Table.from_pylist(wanted, pa.schema([("salesforce_account_id", pa.string()), *text])).rename_columns(
            ["salesforce_account_id", *(COLUMNS[name] for name in FIELDS)]
        ),
        pa.Table.from_pylist(held, pa.schema([("Id", pa.string()), *text])),
        pa.Table.from_pylist(sent, pa.schema([("record_key", pa.string()), ("as_of_date", pa.date32()), *text])),
        crm_schema()["Account"],
        DAY,
        {},
    )
    found: dict[str, dict[str | None, str]] = {}
    for row in decided.rows().to_pylist():
        found.setdefault(row["record_key"], {})[row["field"]] = row["action"]
    assert found == {
        account_id(n): oracle(one["wanted"], one["held"], one["sent"], one["days"])  # type: ignore[arg-type]
        for n, one in numbered
    }
