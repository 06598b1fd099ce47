"""Whether an org offers what delivery writes and what the pipeline reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape

from orchestration.crm import connect_crm
from orchestration.resources import FORCE_APP, RULES_FOLDER, Crm
from orchestration.table_files import read_rule
from reverse_etl.check import CrmProblem, check_crm, describe_visible
from reverse_etl.destinations.salesforce.metadata import expected_objects
from reverse_etl.destinations.salesforce.read import PRIVACY_COLUMNS
from reverse_etl.rules import read_rules


def check_org() -> list[CrmProblem]:
    """What the org lacks, by the rules of the repository: no warehouse is needed."""
    rules = read_rules(
        read_rule(RULES_FOLDER / "salesforce_fields.csv"), read_rule(RULES_FOLDER / "delivery_parameters.csv")
    )
    crm = connect_crm(Crm())
    expected = expected_objects(FORCE_APP)
    return check_crm(describe_visible(crm, sorted(expected)), expected, rules, PRIVACY_COLUMNS)


def print_problems(problems: Sequence[CrmProblem], as_json: bool, out: Console) -> None:
    """One line per problem, those that stop a delivery first."""
    if as_json:
        out.print_json(json.dumps([asdict(problem) for problem in problems]))
        return
    for problem in sorted(problems, key=lambda one: (not one.is_fatal, one.place)):
        mark = "[red]✗[/]" if problem.is_fatal else "[yellow]![/]"
        out.print(f"{mark} {escape(problem.place)} {escape(problem.message)}", highlight=False, soft_wrap=True)
    if not any(problem.is_fatal for problem in problems):
        out.print("[green]✓[/] The CRM offers every object, field, value and permission that delivery needs.")
