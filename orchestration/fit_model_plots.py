"""Pictures of a trained fit model: calibration, lift by tenth, drift of what it looks at."""

from __future__ import annotations

from datetime import date
from typing import Final

import altair as alt
import numpy as np
import pandas as pd
import vl_convert

from scoring.evaluation import calibration_table, lift_table
from scoring.features import column_values
from scoring.fit_training import Training
from scoring.ladder import is_judged

_INK: Final = "#2f5d8a"
_SECOND: Final = "#d98032"
_FONT: Final = "'Noto Sans', 'Noto Sans CJK JP', sans-serif"
_DRIFT_COLUMNS: Final = 12


def plots(training: Training, as_of: date, current: pd.DataFrame) -> dict[str, str]:
    """Name -> SVG of a training that gave a model.

    Parameters
    ----------
    current : rows of account_360 tonight, against which the training rows are compared
    """
    judgement, examples = training.judgement, training.examples
    assert judgement is not None and examples is not None and training.log_odds is not None
    judged = is_judged(judgement)
    log_odds, outcome = training.log_odds[judged], examples.is_positive[judged]
    return {
        "calibration": _calibration(calibration_table(log_odds, outcome)),
        "lift": _lift(lift_table(log_odds, outcome)),
        "drift": _drift(training, as_of, current),
    }


def _calibration(table: pd.DataFrame) -> str:
    top = float(max(table["mean_probability"].max(), table["positive_share"].max())) * 1.1
    line = alt.Chart(pd.DataFrame({"x": [0.0, top], "y": [0.0, top]})).mark_line(color="#999", strokeDash=[4, 4])
    frame = table.assign(
        low=(table["positive_share"] - 2 * table["standard_error"]).clip(lower=0),
        high=table["positive_share"] + 2 * table["standard_error"],
    )
    base = alt.Chart(frame)
    bars = base.mark_rule(color=_INK).encode(x="mean_probability:Q", y="low:Q", y2="high:Q")
    points = base.mark_circle(color=_INK, size=70).encode(
        x=alt.X("mean_probability:Q", title="said (mean probability)", axis=alt.Axis(format="%")),
        y=alt.Y("positive_share:Q", title="seen (share with the outcome)", axis=alt.Axis(format="%")),
    )
    chart = line.encode(x="x:Q", y="y:Q") + bars + points
    return _svg(
        chart.properties(width=300, height=240, title="Calibration, fifths of unseen accounts, with 2 standard errors")
    )


def _lift(table: pd.DataFrame) -> str:
    base = alt.Chart(table)
    bars = base.mark_bar(color=_INK).encode(
        x=alt.X("part:O", title="tenth of unseen accounts, best first", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("lift:Q", title="share with the outcome over the whole's"),
    )
    one = alt.Chart(pd.DataFrame({"y": [1.0]})).mark_rule(color=_SECOND).encode(y="y:Q")
    return _svg((bars + one).properties(width=300, height=240, title="Lift by tenth"))


def _drift(training: Training, as_of: date, current: pd.DataFrame) -> str:
    """Mean of each column in training and tonight, in training's standard deviations."""
    model, examples = training.model, training.examples
    assert model is not None and examples is not None
    years = np.full(len(current), float(as_of.year))
    now = model.design.linear(column_values(current, years, model.criteria, model.design.columns)).mean(axis=0)
    keys = [column.key for column in model.design.columns]
    order = sorted(range(len(keys)), key=lambda at: (-abs(now[at]), keys[at]))[:_DRIFT_COLUMNS]
    frame = pd.DataFrame({"column": [keys[at][:48] for at in order], "shift": [float(now[at]) for at in order]})
    chart = (
        alt.Chart(frame)
        .mark_bar(color=_INK)
        .encode(
            x=alt.X("shift:Q", title="mean tonight less mean in training, in standard deviations"),
            y=alt.Y("column:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
        )
        .properties(
            width=360, height=16 * max(len(order), 1), title="All accounts tonight against those that were learned from"
        )
    )
    return _svg(chart)


def _svg(chart: alt.Chart | alt.LayerChart) -> str:
    svg: str = vl_convert.vegalite_to_svg(chart.configure(font=_FONT).to_json())
    return svg
