"""The registry of fit models in the warehouse: train, promote, roll back, and what stands in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pandas as pd

from orchestration.errors import UsageError
from orchestration.fit_model_plots import plots
from orchestration.resources import open_warehouse
from orchestration.run_record import git_revision
from orchestration.score_night import append, computed_night, create_score_tables, read_table, score_night
from orchestration.writer_lock import WriterLock
from scoring import tiers
from scoring.criteria import read_criteria
from scoring.features import years_of
from scoring.fit_model import FitModel, expert_log_odds, opinion
from scoring.fit_training import Training, train
from scoring.inputs import FloatArray, days
from scoring.labels import QUALIFIED, WON, Cohort, worked_cohort
from scoring.model_card import model_card
from scoring.night import Night
from scoring.parameters import Parameters, read_parameters
from scoring.recalibration import fit_line
from scoring.registry import (
    PROMOTED,
    ROLLED_BACK,
    RULES_ONLY,
    TRAINED,
    Gate,
    RegistryError,
    Standing,
    next_event,
    promotion_gates,
    standing,
    version_name,
)
from scoring.results import COLUMNS

_RULES: Final = ("icp_criteria", "fit_features", "leak_columns")


@dataclass(frozen=True)
class Trained:
    """What `abm score train` found; `version` is None without a usable model."""

    training: Training
    version: str | None
    folder: Path | None
    as_of: date


@dataclass(frozen=True)
class Change:
    """A change of the model in force, and the night that was scored anew by it."""

    before: str
    after: str
    as_of: date
    night: Night
    gates: tuple[Gate, ...] = ()


def models_folder(warehouse: Path) -> Path:
    """Where cards and plots of the models of a warehouse stand, a folder per version."""
    return warehouse.with_name(f"{warehouse.stem}.models")


def train_fit(warehouse: Path) -> Trained:
    """Train on the accounts of the last night, and enter a usable model into the registry as a challenger.

    Raises
    ------
    UsageError
        If there is no warehouse, or no night in it yet.
    """
    with _writing(warehouse, "abm score train") as connection:
        as_of = last_night(connection, warehouse)
        rules = {name: read_table(connection, f"rules.{name}") for name in _RULES}
        parameters = read_parameters(read_table(connection, "rules.scoring_parameters"))
        accounts = read_table(connection, "marts.fit_training_accounts")
        training = train(accounts, **rules, parameters=parameters, as_of=as_of)
        if training.model is None:
            return Trained(training, None, None, as_of)
        version = version_name(as_of, training.model)
        current = read_table(connection, "marts.account_360")
        folder = models_folder(warehouse) / version
        _write_folder(folder, training, version, as_of, current)
        if not (read_table(connection, "scoring.fit_models")["model_version"] == version).any():
            event = next_event(
                read_table(connection, "scoring.fit_model_events"), TRAINED, version, as_of, training.verdict
            )
            connection.execute("begin transaction")
            append(connection, "fit_models", pd.DataFrame([_row(training, version, as_of)]))
            append(connection, "fit_model_events", [event])
            connection.execute("commit")
        return Trained(training, version, folder, as_of)


def promote(warehouse: Path, version: str, override: str | None) -> Change:
    """Put a trained model in force and score the last night anew by it.

    Parameters
    ----------
    override : why it is promoted although a gate is closed; recorded with the promotion. None: every gate has to be open

    Raises
    ------
    UsageError
        If the model is not there or in force already, or a gate is closed and no reason is given; nothing is changed then.
    """
    with _writing(warehouse, "abm score promote") as connection:
        as_of = last_night(connection, warehouse)
        events = read_table(connection, "scoring.fit_model_events")
        now = standing(events, as_of)
        models = read_table(connection, "scoring.fit_models").set_index("model_version")
        if version not in models.index:
            known = ", ".join(models.index) or "none: train one with `abm score train`"
            raise UsageError(f"{version} is not in the registry of {warehouse}. Trained models: {known}.")
        if version == now.champion:
            raise UsageError(f"{version} is in force already, since {now.since}. Nothing was changed.")
        parameters = read_parameters(read_table(connection, "rules.scoring_parameters"))
        gates = _gates(connection, models, version, now, as_of, parameters)
        closed = [gate for gate in gates if not gate.is_passed]
        if closed and override is None:
            listed = "\n".join(f"  - {gate.name}: {gate.seen}" for gate in closed)
            raise UsageError(
                f"{version} was not promoted; gates that are closed:\n{listed}\n"
                "Wait until they are open, or say with --override why it is promoted all the same; the reason is kept."
            )
        note = override or "every gate was open"
        night = _enter(connection, events, PROMOTED, version, as_of, note)
        return Change(now.champion, version, as_of, night, tuple(gates))


def roll_back(warehouse: Path, note: str) -> Change:
    """Return to the model that was in force before, and score the last night anew by it: the earlier scores, bit for bit.

    Raises
    ------
    UsageError
        If the rules alone are in force: there is nothing to return to.
    """
    with _writing(warehouse, "abm score rollback") as connection:
        as_of = last_night(connection, warehouse)
        events = read_table(connection, "scoring.fit_model_events")
        now = standing(events, as_of)
        if not now.previous:
            raise UsageError(
                f"{warehouse}: no promotion to take back; fit is scored by the rules alone. `abm score models` lists them."
            )
        night = _enter(connection, events, ROLLED_BACK, now.champion, as_of, note)
        return Change(now.champion, now.previous[-1], as_of, night)


def read_registry(connection: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trained models without their artefacts, and the events, oldest first; both empty in a warehouse that has none yet."""
    found = {
        row[0]
        for row in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'scoring'"
        ).fetchall()
    }
    columns = ", ".join(column for column in COLUMNS["fit_models"] if column != "artefact")
    models = (
        connection.execute(f"select {columns} from scoring.fit_models order by trained_on_date, model_version").df()
        if "fit_models" in found
        else pd.DataFrame(columns=columns.split(", "))
    )
    events = (
        connection.execute("select * from scoring.fit_model_events order by event_number").df()
        if "fit_model_events" in found
        else pd.DataFrame(columns=list(COLUMNS["fit_model_events"]))
    )
    return models, events


def registry_of(warehouse: Path) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Models, events, and the version in force of a warehouse."""
    if not warehouse.exists():
        raise UsageError(f"{warehouse}: no such file. Make a night first with `abm run --warehouse {warehouse} ...`.")
    with open_warehouse(warehouse, read_only=True) as connection:
        models, events = read_registry(connection)
    return models, events, standing(events, date.max).champion


def last_night(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> date:
    """As-of date of the last night that was scored.

    Raises
    ------
    UsageError
        If there is none, or it was made before fit could be trained.
    """
    needed = {("marts", "fit_training_accounts"), ("scoring", "tiers"), *(("rules", name) for name in _RULES)}
    there = set(connection.execute("select table_schema, table_name from information_schema.tables").fetchall())
    if needed - there:
        missing = ", ".join(".".join(table) for table in sorted(needed - there))
        raise UsageError(f"{warehouse} lacks {missing}. Make a night first with `abm run --warehouse {warehouse} ...`.")
    found: date | None = connection.execute("select max(as_of_date) from scoring.tiers").fetchall()[0][0]
    if found is None:
        raise UsageError(f"{warehouse} holds no scored night. Make one with `abm run --warehouse {warehouse} ...`.")
    return found


@contextmanager
def _writing(warehouse: Path, purpose: str) -> Iterator[duckdb.DuckDBPyConnection]:
    if not warehouse.exists():
        raise UsageError(f"{warehouse}: no such file. Make a night first with `abm run --warehouse {warehouse} ...`.")
    try:
        with WriterLock(warehouse, purpose), open_warehouse(warehouse) as connection:
            create_score_tables(connection)
            yield connection
    except RegistryError as error:
        raise UsageError(str(error)) from error


def _enter(
    connection: duckdb.DuckDBPyConnection, events: pd.DataFrame, event: str, version: str, as_of: date, note: str
) -> Night:
    """Record a change, and score the night by what is in force now; where that fails, the change is taken back."""
    row = next_event(events, event, version, as_of, note)
    append(connection, "fit_model_events", [row])
    try:
        return score_night(connection, as_of)[0]
    except BaseException:
        connection.execute("delete from scoring.fit_model_events where event_number = ?", [row["event_number"]])
        raise


def _gates(
    connection: duckdb.DuckDBPyConnection,
    models: pd.DataFrame,
    version: str,
    now: Standing,
    as_of: date,
    parameters: Parameters,
) -> list[Gate]:
    challenger = FitModel.from_json(str(models.loc[version, "artefact"]))
    trained_on = pd.Timestamp(str(models.loc[version, "trained_on_date"])).date()
    accounts = read_table(connection, "marts.fit_training_accounts")
    horizon, outcome = challenger.horizon_days, challenger.outcome
    cohort = worked_cohort(accounts, as_of, horizon, QUALIFIED if outcome == QUALIFIED else WON)
    is_later = cohort.is_member & (days(accounts["first_worked_date"]) > _day(trained_on))
    later = accounts[is_later]
    return promotion_gates(
        opinion(challenger, later, years_of(days(later["first_worked_date"]))).log_odds,
        _champion_log_odds(connection, models, now, accounts, later, cohort, trained_on),
        np.asarray(cohort.is_positive[is_later], dtype=np.bool_),
        _days_in_shadow(connection, version),
        _tier_change(connection, challenger, as_of, parameters),
        str(models.loc[version, "blocked_by"] or ""),
        parameters,
    )


def _champion_log_odds(
    connection: duckdb.DuckDBPyConnection,
    models: pd.DataFrame,
    now: Standing,
    accounts: pd.DataFrame,
    later: pd.DataFrame,
    cohort: Cohort,
    trained_on: date,
) -> FloatArray:
    """What the model in force says about later accounts; the rules alone with the level that was known at the training."""
    if now.champion != RULES_ONLY:
        champion = FitModel.from_json(str(models.loc[now.champion, "artefact"]))
        return opinion(champion, later, years_of(days(later["first_worked_date"]))).log_odds
    criteria = read_criteria(read_table(connection, "rules.icp_criteria"))
    earlier = np.asarray(cohort.is_member) & (days(accounts["first_worked_date"]) <= _day(trained_on))
    expert, wanted = expert_log_odds(criteria, accounts[earlier]), cohort.is_positive[earlier]
    if not 0 < int(wanted.sum()) < len(wanted):
        return expert_log_odds(criteria, later)
    line = fit_line(expert, wanted, can_have_slope=True)
    return line.intercept + line.slope * expert_log_odds(criteria, later)


def _days_in_shadow(connection: duckdb.DuckDBPyConnection, version: str) -> int:
    first, last = connection.execute(
        "select min(as_of_date), max(as_of_date) from scoring.fit_shadow_scores where model_version = ?", [version]
    ).fetchall()[0]
    return (last - first).days + 1 if first is not None else 0


def _tier_change(
    connection: duckdb.DuckDBPyConnection, challenger: FitModel, as_of: date, parameters: Parameters
) -> float:
    """Share of the accounts in better tiers that would be elsewhere, were tonight's tiers assigned afresh by each model."""
    accounts, rules = read_table(connection, "marts.account_360"), read_table(connection, "rules.tiers")
    # The night was scored by the model in force: what it said stands there.
    by_champion = connection.execute(
        "select account_id, composite_score from scoring.composite_scores where as_of_date = ?", [as_of]
    ).df()
    by_challenger = computed_night(connection, as_of, challenger).tables["composite_scores"]
    placed = [
        tiers.score(composite, accounts, None, rules, parameters, as_of).scores["tier"]
        for composite in (by_champion, by_challenger)
    ]
    last = sorted(rules["tier"])[-1]
    is_better = placed[0] != last
    return float((placed[0] != placed[1])[is_better].mean()) if is_better.any() else 0.0


def _day(value: date) -> int:
    return (value - date(1970, 1, 1)).days


def _row(training: Training, version: str, as_of: date) -> dict[str, object]:
    model = training.model
    assert model is not None and training.examples is not None
    metrics = training.metrics[model.rung.name]
    return {
        "model_version": version,
        "trained_on_date": as_of,
        "rung": model.rung.name,
        "outcome": model.outcome,
        "horizon_days": model.horizon_days,
        "example_count": metrics.rows,
        "positive_count": metrics.positives,
        "auc": metrics.auc,
        "log_loss": metrics.log_loss,
        "base_log_loss": metrics.base_log_loss,
        "brier_skill": metrics.brier_skill,
        "calibration_error": metrics.calibration_error,
        "calibration_noise_floor": metrics.noise_floor,
        "verdict": training.verdict,
        "blocked_by": " ".join(training.blocked),
        "data_hash": training.data_hash,
        "rules_hash": training.rules_hash,
        "git_revision": git_revision(),
        "artefact": model.to_json(),
    }


def _write_folder(folder: Path, training: Training, version: str, as_of: date, current: pd.DataFrame) -> None:
    """Card and plots; a folder that is there is replaced as a whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        new = Path(made) / "new"
        new.mkdir()
        for name, svg in plots(training, as_of, current).items():
            (new / f"{name}.svg").write_text(svg, encoding="utf-8")
        card = model_card(training, version, as_of, git_revision())
        (new / "card.md").write_text(card, encoding="utf-8")
        (new / "metrics.json").write_text(_metrics_json(training), encoding="utf-8")
        if folder.exists():
            folder.rename(Path(made) / "old")
        new.rename(folder)


def _metrics_json(training: Training) -> str:
    frame = pd.DataFrame({name: asdict(metrics) for name, metrics in training.metrics.items()})
    return str(frame.to_json(indent=2))
