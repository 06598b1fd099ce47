"""Everything behind one account as one HTML page that needs nothing else: no script, no address, no person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from measurement.charts import FONT, draw, templates
from orchestration.account_charts import (
    Bar,
    history_chart,
    points_chart,
    standing_chart,
    timeline_chart,
)
from orchestration.account_evidence import EVIDENCE_DAYS, SCORES, SENT_ROWS
from orchestration.account_timeline import activity_bands, activity_rows, number_opportunities
from orchestration.account_words import Words
from orchestration.page_names import Language, match_evidence, name_of, tier_reason
from orchestration.page_parts import Card, Figure, Grid, Section
from orchestration.rows import Rows
from scoring.reasons import is_structural

MOST_BARS: Final = 9
_OPTIONAL_TABLES: Final = (
    "activation.account_stages",
    "activation.target_list",
    "activation.int_committee_role_states",
    "rules.target_list_reasons",
)


def render_account_page(explanation: Mapping[str, Any], language: Language | None = None) -> str:
    """The page as HTML text; everything in it is escaped.

    Parameters
    ----------
    explanation : see `views.read_explanation`
    language : default: Japanese for an account in Japan, else English
    """
    account = explanation["account"]
    language = language or (Language.JAPANESE if account.get("country_code") == "JP" else Language.ENGLISH)
    words = Words(language)
    night = explanation["night"]
    with debug_mode(
        False
    ):  # comparing each part of a chart with the grammar takes most of the time; tests of charts do it
        sections = [
            part(explanation, words)
            for part in (_history, _reasons, _evidence, _committee, _tiers, _missing, _sent, _one_account)
        ]
    return (
        templates(Path(__file__).parent / "templates")
        .get_template("account.html")
        .render(
            words=words,
            account=account,
            font=Markup(FONT),
            facts=_facts(account, words),
            standing=_standing(explanation, words),
            cards=_cards(explanation, words),
            night=_text(night) or words("never"),
            sections=sections,
        )
    )


def printed_points(points: Sequence[float], score: float) -> list[float]:
    """Points to one decimal that add up to the score to one decimal: the largest remainders are rounded up.

    Parameters
    ----------
    points : what adds up to `score`, to within 0.05
    """
    tenths = [int(point * 10 // 1) for point in points]
    left = round(score * 10) - sum(tenths)
    by_remainder = sorted(range(len(points)), key=lambda at: (tenths[at] - points[at] * 10, at))
    for at in by_remainder[: max(left, 0)]:
        tenths[at] += 1
    return [tenth / 10 for tenth in tenths]


def _facts(account: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    language = words.language
    industry = account.get("industry")
    group = name_of("industry", account.get("industry_group"), language)
    code = account.get("country_code")
    country = name_of("country", code, language)
    return [
        (words("account_id"), account["account_id"]),
        (words("crm_record"), account.get("salesforce_account_id") or words("not_in_crm")),
        (words("country"), (country if country == code else f"{country} ({code})") if code else words("unknown")),
        (
            words("industry"),
            f"{industry} ({group})"
            if industry and group and industry != group
            else industry or group or words("unknown"),
        ),
        (words("domain"), account.get("primary_domain") or words("unknown")),
    ]


def _standing(explanation: Mapping[str, Any], words: Words) -> list[tuple[str, str, str]]:
    """What the account is today: (what, value, remark)."""
    found = []
    row = explanation["standing"][0] if explanation["standing"] else {}
    remarks = [
        words("rank", rank=row["tier_rank"]) if row.get("tier_rank") is not None else "",
        words("since", day=row["tier_since_date"]) if row.get("tier_since_date") else "",
        words("came_from", tier=row["previous_tier"]) if row.get("previous_tier") else "",
        words("locked") if row.get("is_locked") else "",
    ]
    found.append((words("tier"), row.get("tier") or words("no_tier"), " · ".join(filter(None, remarks))))
    for stage in explanation["stage"][:1]:
        since = next(
            (stage[name] for name in ("entered_date", "stage_since_date", "since_date") if stage.get(name)), None
        )
        found.append((words("stage"), _text(stage.get("stage")), words("since", day=since) if since else ""))
    if "activation.target_list" not in explanation["absent_tables"]:
        listed = explanation["target_list"][:1]
        is_listed = bool(listed) and listed[0].get("is_on_target_list") is not False
        remarks = [
            words("since", day=listed[0]["listed_since_date"]) if listed and listed[0].get("listed_since_date") else "",
            _text(listed[0].get(f"reason_{words.language}") or listed[0].get("reason_code")) if listed else "",
        ]
        found.append(
            (words("target_list"), words("on_list" if is_listed else "off_list"), " · ".join(filter(None, remarks)))
        )
    return found


def _cards(explanation: Mapping[str, Any], words: Words) -> list[Card]:
    row = explanation["standing"][0] if explanation["standing"] else {}
    cards = []
    for name, column in SCORES.items():
        value = row.get(column)
        share = row.get(f"{name}_reference_share")
        method = row.get(f"{name}_method")
        lines = []
        if name == "composite":
            lines.append(words("composite_note"))
        elif value is None and row:
            lines.append(_why_missing(explanation, name, words))
        elif share is not None:
            lines.append(words("share", percent=round(100 * share)))
        if name == "intent" and row.get("is_low_confidence"):
            lines.append(words("low_confidence_short"))
        if method:
            lines.append(words("method", method=_method(method, words)))
        cards.append(
            Card(
                name_of("score", name, words.language),
                words("not_known" if row else "not_scored") if value is None else f"{value:.1f}",
                value,
                [line for line in lines if line],
            )
        )
    return cards


def _history(explanation: Mapping[str, Any], words: Words) -> Section:
    nights: Rows = explanation["score_history"]
    title = words("history")
    if not nights:
        return Section("history", title, sentences=[words("no_nights")])
    names = [name_of("score", name, words.language) for name in SCORES]
    days = [row["as_of_date"] for row in nights]
    if len(nights) == 1:
        note = words("one_night", day=days[0])
        chart = standing_chart(names, [nights[0][column] for column in SCORES.values()], words("not_known"))
    else:
        note = words("history_note", first=days[0], last=days[-1], count=len(nights))
        changes = [
            (row["as_of_date"], f"{row['came_from']} → {row['tier']}")
            for row in explanation["tier_history"]
            if row["came_from"] and row["as_of_date"] >= days[0]
        ]
        values = [[row[column] for row in nights] for column in SCORES.values()]
        chart = history_chart(names, days, values, changes, words.language)
    grid = Grid(
        [words("night"), *names, words("tier")],
        [
            [_text(row["as_of_date"]), *(_score(row[column], words) for column in SCORES.values()), _text(row["tier"])]
            for row in reversed(nights)
        ],
        frozenset({1, 2, 3, 4}),
    )
    return Section("history", title, note, figures=[_figure("", "history", chart, title, note, grid)])


def _reasons(explanation: Mapping[str, Any], words: Words) -> Section:
    section = Section("reasons", words("reasons"), words("reasons_note"))
    row = explanation["standing"][0] if explanation["standing"] else {}
    if not row:
        return Section("reasons", section.title, sentences=[words("no_nights")])
    figures, sentences = [], []
    for name, column in SCORES.items():
        label = name_of("score", name, words.language)
        own = [reason for reason in explanation["reasons"] if reason["score"] == name]
        if row[column] is None:
            sentences.append(f"{label} — {words('missing_score', reason=_why_missing(explanation, name, words))}")
        elif not own:
            sentences.append(f"{label} — {words('no_reasons')}")
        else:
            figures.append(_reason_figure(name, label, own, row[column], words))
    return Section(section.name, section.title, section.note, sentences, figures)


def _reason_figure(name: str, label: str, reasons: Rows, score: float, words: Words) -> Figure:
    total = sum(reason["points"] for reason in reasons)
    adds_up = abs(total - score) < 0.005
    points = printed_points([reason["points"] for reason in reasons], total)
    texts = [reason[f"text_{words.language}"] for reason in reasons]
    rows = list(zip(reasons, texts, points, strict=True))
    drivers = [(text, value) for reason, text, value in rows if not is_structural(reason["reason"]) and value]
    bars = [
        Bar(text, value, "arithmetic") for reason, text, value in rows if is_structural(reason["reason"]) and value > 0
    ]
    most = MOST_BARS if len(drivers) > MOST_BARS + 1 else MOST_BARS + 1
    bars += [Bar(text, value, "driver") for text, value in drivers[:most]]
    if drivers[most:]:
        others = round(sum(value for _, value in drivers[most:]), 1)
        bars.append(Bar(words("others", count=len(drivers[most:])), others, "driver"))
    bars += [
        Bar(text, value, "arithmetic") for reason, text, value in rows if is_structural(reason["reason"]) and value < 0
    ]
    # A score of zero without drivers still says why.
    bars = bars or [Bar(text, value, "arithmetic") for _, text, value in rows[: MOST_BARS + 1]]
    bars.append(Bar(words("sum") if adds_up else label, round(total, 1), "sum"))
    grid = Grid(
        [words("reason"), words("points")],
        [*([text, f"{value:+.1f}"] for _, text, value in rows), [words("sum"), f"{total:.1f}"]],
        frozenset({1}),
    )
    sentence = (
        words("adds_up", score=f"{score:.1f}") if adds_up else words("no_sum", sum=f"{total:.1f}", score=f"{score:.1f}")
    )
    description = words("chart_reasons", score=label)
    title = f"{label} {score:.1f}"
    return _figure(title, f"reasons-{name}", points_chart(bars, words("points")), title, description, grid, sentence)


def _evidence(explanation: Mapping[str, Any], words: Words) -> Section:
    night = explanation["night"]
    title = words("evidence", days=EVIDENCE_DAYS)
    grids = _opportunities(explanation, words)
    if night is None:
        return Section("evidence", title, sentences=[words("no_evidence")], grids=grids)
    bands, first_day = activity_bands(explanation, words)
    note = words("evidence_note", first=first_day, last=night)
    left_out = explanation["not_shown"][0] if explanation["not_shown"] else {}
    points = [words(cause, count=f"{count:,}") for cause, count in left_out.items() if count]
    figures, sentences = [], []
    if any(band.marks for band in bands):
        grid = Grid(
            [words("day"), words("kind"), words("number"), words("persons")],
            activity_rows(explanation, words),
            frozenset({2, 3}),
        )
        chart = timeline_chart(bands, first_day, night, words.language)
        figures.append(_figure("", "evidence", chart, title, note, grid))
    else:
        sentences.append(words("no_evidence"))
    return Section("evidence", title, note, sentences, figures, grids, points, words("not_shown"))


def _opportunities(explanation: Mapping[str, Any], words: Words) -> list[Grid]:
    numbers = number_opportunities(explanation["opportunities"])
    rows = [
        [
            words("opportunity", number=numbers[row["opportunity_id"]]),
            _text(row["opportunity_type"]),
            _text(row["stage_name"]) or words("unknown"),
            name_of("outcome", "won" if row["is_won"] else "lost" if row["is_closed"] else "open", words.language),
            words("unknown") if row["amount_usd"] is None else f"{row['amount_usd']:,.0f}",
            _text(row["created_date"]),
            _text(row["sqo_date"]) or "–",
            _text(row["closed_date"]) or "–",
        ]
        for row in explanation["opportunities"]
    ]
    head = ["", *(words(key) for key in ("type", "stage", "status", "amount", "created", "qualified", "closed"))]
    day = _text(explanation["night"]) or words("never")
    return [Grid(head, rows, frozenset({4}), words("opportunities_table", day=day))] if rows else []


def _committee(explanation: Mapping[str, Any], words: Words) -> Section:
    roles: Rows = explanation["committee_roles"]
    grids, sentences = [], []
    if roles:
        steps = {name: [row[f"is_{name}"] for row in roles] for name in ("covered", "reached", "engaged")}
        counts = {
            name: sum(map(bool, marks)) if None not in marks else explanation["committee"][0].get(f"{name}_role_count")
            for name, marks in steps.items()
        }
        summary = [
            f"{words(name)}: {words('roles_in_all', count=count, all=len(roles))}"
            for name, count in counts.items()
            if count is not None
        ]
        sentences.append(" · ".join(summary))
        grids.append(
            Grid(
                [words("role"), *(words(name) for name in steps)],
                [[_label(row, words), *(_mark(row[f"is_{name}"], words) for name in steps)] for row in roles],
            )
        )
    else:
        sentences.append(words("no_roles" if explanation["committee"] else "no_committee"))
    people = [
        [
            _label(row, words),
            name_of("seniority", row["seniority"], words.language) or words("unknown"),
            f"{row['persons']:,}",
            f"{row['may_be_contacted']:,}",
            f"{row['active']:,}",
        ]
        for row in explanation["committee_persons"]
    ]
    if people:
        keys = [words("role"), words("seniority"), words("persons"), words("may_be_contacted")]
        head = [*keys, words("active", days=EVIDENCE_DAYS)]
        grids.append(Grid(head, people, frozenset({2, 3, 4}), words("persons_title")))
    else:
        sentences.append(words("no_persons"))
    return Section("committee", words("committee"), words("committee_note") if roles else "", sentences, grids=grids)


def _tiers(explanation: Mapping[str, Any], words: Words) -> Section:
    title = words("tier_history")
    if not explanation["tier_history"]:
        return Section("tiers", title, sentences=[words("no_tier_history")])
    rows = [
        [
            _text(row["as_of_date"]),
            f"{row['came_from']} → {row['tier']}" if row["came_from"] else words("first_tier", tier=row["tier"]),
            _text(row["tier_rank"]),
            tier_reason(row["tier_reason"], words.language),
        ]
        for row in explanation["tier_history"]
    ]
    now = explanation["standing"][0] if explanation["standing"] else {}
    if now.get("tier_reason") and now["as_of_date"] != explanation["tier_history"][0]["as_of_date"]:
        reason = tier_reason(now["tier_reason"], words.language)
        rows.insert(0, [f"{now['as_of_date']} ({words('today')})", _text(now["tier"]), _text(now["tier_rank"]), reason])
    head = [words("night"), words("change"), words("rank_head"), words("why")]
    return Section("tiers", title, grids=[Grid(head, rows, frozenset({2}))])


def _missing(explanation: Mapping[str, Any], words: Words) -> Section:
    row = explanation["standing"][0] if explanation["standing"] else {}
    found = []
    if not explanation["account"].get("is_in_crm", True):
        found.append(words("no_crm"))
    elif not row:
        found.append(words("no_nights"))
    if row and row["as_of_date"] != explanation["night"]:
        found.append(words("not_tonight", night=explanation["night"], day=row["as_of_date"]))
    for name, column in SCORES.items() if row else ():
        label = name_of("score", name, words.language)
        if row[column] is None:
            found.append(f"{label} — {words('missing_score', reason=_why_missing(explanation, name, words))}")
        elif name != "composite" and row[f"{name}_reference_share"] is None:
            found.append(words("missing_share", score=label))
    if row.get("is_low_confidence"):
        found.append(f"{name_of('score', 'intent', words.language)} — {words('low_confidence')}")
    found += [
        reason[f"text_{words.language}"]
        for reason in explanation["reasons"]
        if reason["score"] == "fit" and reason["reason"].startswith("missing:")
    ]
    found += [
        words("missing_role", role=_label(role, words))
        for role in explanation["committee_roles"]
        if not role["is_covered"]
    ]
    if row and not explanation["touch_days"]:
        found.append(words("no_consent_at_all", days=EVIDENCE_DAYS))
    absent = [table for table in explanation["absent_tables"] if table not in _OPTIONAL_TABLES]
    if absent:
        found.append(words("absent_tables", tables=", ".join(absent)))
    title = words("missing")
    return (
        Section("missing", title, points=found)
        if found
        else Section("missing", title, sentences=[words("nothing_missing")])
    )


def _sent(explanation: Mapping[str, Any], words: Words) -> Section:
    rows = [
        [
            _text(row["as_of_date"]),
            row["field"],
            "" if row["state"] == "conflict" else _text(row["old_value"]) or words("empty"),
            _text(row["new_value"]) or words("empty"),
            name_of("state", row["state"], words.language) + (f": {row['reason']}" if row["reason"] else ""),
        ]
        for row in explanation["sent_history"]
    ]
    title = words("sent")
    if not rows:
        return Section("sent", title, sentences=[words("nothing_sent")])
    head = [words(key) for key in ("night", "field", "old", "new", "status")]
    newest = sum(row[0] == rows[0][0] for row in rows)
    grids = [Grid(head, rows[:newest])]
    if rows[newest:]:
        grids.append(Grid(head, rows[newest:], title=words("earlier_sent", count=len(rows) - newest), is_folded=True))
    return Section("sent", title, words("sent_note", count=SENT_ROWS), grids=grids)


def _one_account(explanation: Mapping[str, Any], words: Words) -> Section:
    proofs = {row["record_id"]: row["evidence"] for row in explanation["why_one_account"]}
    rows = [
        [
            row["record_id"],
            _text(row["company_name"]),
            name_of("match_rule", row["match_rule"], words.language),
            _text(row["matched_record_id"]),
            "" if row["confidence"] is None else f"{row['confidence']:.2f}",
            _text(row["joined_on"]),
            match_evidence(proofs.get(row["record_id"]), words.language),
        ]
        for row in explanation["records"]
    ]
    title = words("one_account")
    if not rows:
        return Section("identity", title, sentences=[words("no_records")])
    head = [words(key) for key in ("record", "name", "rule", "joined_to", "confidence", "joined_on", "proof")]
    return Section("identity", title, grids=[Grid(head, rows, frozenset({4}))])


def _figure(title: str, name: str, chart: Any, said: str, description: str, grid: Grid, sentence: str = "") -> Figure:
    return Figure(title, Markup(draw(chart, name, said, description)), grid, sentence)


def _why_missing(explanation: Mapping[str, Any], name: str, words: Words) -> str:
    for reason in explanation["reasons"]:
        if reason["score"] == name and reason["reason"] == "missing":
            return str(reason[f"text_{words.language}"])
    row = explanation["standing"][0] if explanation["standing"] else {}
    return _text(row.get(f"{name}_missing_reason")) or words("unknown")


def _method(method: str, words: Words) -> str:
    named = name_of("method", method, words.language)
    return words("model", version=method) if named == method else named


def _label(row: Mapping[str, Any], words: Words) -> str:
    return str(row[f"label_{words.language}"] or row["role"])


def _mark(value: bool | None, words: Words) -> str:
    return words("unknown") if value is None else f"● {words('yes')}" if value else f"○ {words('no')}"


def _score(value: float | None, words: Words) -> str:
    return words("not_known") if value is None else f"{value:.1f}"


def _text(value: object) -> str:
    return "" if value is None else str(value)
