from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import RuleError
from orchestration.resources import RULES_FOLDER
from orchestration.rule_files import check_rules

PROPERTIES = """
version: 2
seeds:
  - name: tiers
    config:
      column_types: {tier: varchar, slots: integer, share: double, since: date, note: varchar}
      meta: {key: [tier]}
    columns:
      - name: tier
        config: {meta: {required: true, allowed: [A, B]}}
      - name: slots
        config: {meta: {required: true, min: 1, max: 100}}
      - name: share
        config: {meta: {min: 0}}
"""
HEADER = "tier,slots,share,since,note\n"


def rules(tmp_path: Path, rows: str, header: str = HEADER) -> Path:
    (tmp_path / "tiers.yml").write_text(PROPERTIES)
    (tmp_path / "tiers.csv").write_text(header + rows)
    return tmp_path


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,101,,,x", r"seeds/rules/tiers.csv, line 2: slots is 101, allowed is 1 to 100"),
        ("A,,,,x", r"line 2: slots is empty, but a value is required"),
        ("A,1.5,,,x", r"line 2: slots is '1.5', expected a whole number"),
        ("A,1,-1,,x", r"line 2: share is -1, allowed is 0 or more"),
        ("A,1,nan,,x", r"line 2: share is 'nan', expected a finite number"),
        ("A,1,,31.12.2026,x", r"line 2: since is '31.12.2026', expected a date"),
        ("C,1,,,x", r"line 2: tier is 'C', allowed is one of A, B"),
        ("A,1,,,x\nA,2,,,x", r"line 3: tier = A already stands in line 2"),
        ("A,1,,,x,y", r"line 2: 6 cells, expected 5"),
    ],
)
def test_a_wrong_row_names_file_line_column_and_range(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        check_rules(rules(tmp_path, row + "\n"))


def test_missing_and_unknown_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="the column share is missing"):
        check_rules(rules(tmp_path, "", "tier,slots,since,note\n"))
    with pytest.raises(RuleError, match="the column shares is not known"):
        check_rules(rules(tmp_path, "", "tier,slots,share,shares,since,note\n"))


def test_a_parameter_outside_its_own_range_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text(
        "seeds: [{name: p, config: {column_types:"
        " {parameter: varchar, value: double, min_value: double, max_value: double, note: varchar}}}]"
    )
    (tmp_path / "p.csv").write_text("parameter,value,min_value,max_value,note\nhalf_life_days,0,1,90,x\n")
    with pytest.raises(RuleError, match=r"p\.csv, line 2: half_life_days is 0, allowed is 1 to 90"):
        check_rules(tmp_path)


def test_the_hash_moves_with_any_change_of_a_rule(tmp_path: Path) -> None:
    before = check_rules(rules(tmp_path, "A,1,,,x\n"))
    assert check_rules(rules(tmp_path, "A,1,,,x\n")) == before
    assert check_rules(rules(tmp_path, "A,2,,,x\n")) != before


def test_the_shipped_rules_are_allowed_and_every_row_says_why() -> None:
    check_rules(RULES_FOLDER)
    for file in RULES_FOLDER.glob("*.csv"):
        assert file.read_text(encoding="utf-8").splitlines()[0].endswith(",note"), file.name


def test_an_address_in_the_file_of_decided_roles_is_refused(tmp_path: Path) -> None:
    for name in ("contact_roles.csv", "contact_roles.yml"):
        (tmp_path / name).write_text((RULES_FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
    check_rules(tmp_path)
    row = "{},EB,,,sales,2026-10-01,met in person\n"
    with (tmp_path / "contact_roles.csv").open("a", encoding="utf-8") as file:
        file.write(row.format("003A00000000001AAA") + row.format("con_" + "0" * 32))
    check_rules(tmp_path)
    with (tmp_path / "contact_roles.csv").open("a", encoding="utf-8") as file:
        file.write(row.format("a@b.example"))

    with pytest.raises(RuleError, match=r"contact_roles.csv, line 4: contact is 'a@b.example', expected the form"):
        check_rules(tmp_path)
