from __future__ import annotations

import csv
import io

from orchestration.views import title_alias_rows


def test_titles_become_rows_to_fill_in_and_mere_ranks_do_not() -> None:
    rows = [
        {"title": "Wizard, Senior", "problem": "not_understood", "contact_count": 3, "tiered_account_count": 2},
        {"title": "部長", "problem": "rank_only", "contact_count": 9, "tiered_account_count": 9},
    ]

    text = title_alias_rows(rows)

    assert list(csv.DictReader(io.StringIO(text))) == [
        {"alias": "Wizard, Senior", "function": "", "seniority": "", "note": "3 contacts, 2 tiered accounts"}
    ]
