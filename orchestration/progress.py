"""What a running job tells a terminal: one line per finished step, the current step while it works."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import dagster as dg
from rich.console import Console

_LAYERS = {
    "raw_tables": "raw: load the landing folder, extract the CRM",
    "dbt_models": "dbt: build and test models",
    "identity__domain_keys": "identity: domains of hosts",
    "identity__title_readings": "identity: what job titles say",
    "resolved_accounts": "identity: resolve companies to accounts",
    "account_hierarchy": "identity: who owns whom, and where",
    "score_checks": "scoring: drift and data quality",
    "scores": "scoring: fit, intent, engagement, composite, tiers",
    "target_list": "scoring: target list of the quarter",
    "measurement__win_curve": "measurement: win curve",
    "delivery__test_results": "delivery: tests over several steps",
    "delivery__plan_rows_upstream_is_sound": "delivery: is everything upstream sound?",
    "delivery__plan_rows": "delivery: plan, old against new",
    "delivery__ledger": "delivery: apply and record the answers",
    "published": "publish for readers",
}

console = Console(stderr=True, highlight=False)


class ProgressHandler(logging.Handler):
    """Turns the job's events into lines for a person."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.DEBUG)
        self._say = say
        self._clock = clock
        self._started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Say what a step does, did, or could not do."""
        meta = getattr(record, "dagster_meta", None) or {}
        event = meta.get("dagster_event") if isinstance(meta, dict) else None
        if event is None:
            message = str(meta.get("orig_message", "")) if isinstance(meta, dict) else ""
            # What a failed step keeps from running is told once, with the reason, when the run ends.
            if record.levelno >= logging.WARNING and message and not message.startswith("Dependencies for step"):
                self._say(f"  [yellow]![/] {message.splitlines()[0]}")
            return
        step, kind = event.step_key or "", event.event_type_value
        if kind == "STEP_START":
            self._started[step] = self._clock()
            self._say(f"[dim]… {step_title(step)}[/]")
        elif kind == "STEP_SUCCESS":
            self._say(
                f"[green]✓[/] {step_title(step)} [dim]{self._clock() - self._started.get(step, self._clock()):.1f} s[/]"
            )
        elif kind == "STEP_FAILURE":
            self._say(f"[red]✗ {step_title(step)}[/]")
        elif kind == "ASSET_CHECK_EVALUATION":
            evaluation = event.event_specific_data
            if not evaluation.passed:
                mark = "[red]✗" if evaluation.severity == dg.AssetCheckSeverity.ERROR else "[yellow]!"
                self._say(f"  {mark} check {evaluation.check_name} on {evaluation.asset_key.to_user_string()}[/]")


def step_title(step_key: str) -> str:
    """A step's name in the words of the layers; dbt's parts are named alike."""
    return next((title for prefix, title in _LAYERS.items() if step_key.startswith(prefix)), step_key)


@dg.logger(config_schema={}, description="Lines for a person at a terminal.")
def progress_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """The logger that the command line gives to a run."""
    logger = logging.Logger("abm360", logging.DEBUG)
    logger.addHandler(ProgressHandler(console.print))
    return logger
