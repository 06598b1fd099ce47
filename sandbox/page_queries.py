"""What the pages show, read from the store. A field that is not deployed is shown as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.org import Org
from sandbox.schema import SObject
from sandbox.store import quote

ROWS_PER_PAGE = 50
TASKS_SHOWN = 15

SORTS = {
    "name": '"Name" collate nocase',
    "tier": '"ABM_Tier__c"',
    "score": '"ABM_Score__c"',
    "fit": '"ABM_Fit_Score__c"',
    "intent": '"ABM_Intent_Score__c"',
    "engagement": '"ABM_Engagement_Score__c"',
    "coverage": '"ABM_Committee_Coverage_Pct__c"',
    "owner": "owner collate nocase",
}
LOWEST_FIRST = ("name", "tier", "owner")  # sorts that begin at the low end unless asked otherwise
_ACCOUNT_FIELDS_TEXT = (
    "Id Name Website Industry Type AnnualRevenue NumberOfEmployees BillingStreet BillingCity BillingState"
    " BillingPostalCode BillingCountry Phone AccountNumber DunsNumber ParentId OwnerId CreatedDate LastModifiedDate"
    " IsDeleted ABM_Account_Key__c ABM_Score__c ABM_Tier__c ABM_Tier_Previous__c ABM_Tier_Override__c"
    " ABM_Fit_Score__c ABM_Intent_Score__c ABM_Engagement_Score__c ABM_Committee_Coverage_Pct__c"
    " ABM_Committee_Roles_Missing__c ABM_Top_Reasons__c ABM_Next_Best_Action__c ABM_Suppressed__c"
    " ABM_Suppressed_Reason__c ABM_Score_Method__c ABM_Scored_At__c ABM_Duplicate_Of__c"
)
_ACCOUNT_FIELDS = _ACCOUNT_FIELDS_TEXT.split()
_PERSON_FIELDS = ["Id", "Name", "Title", "Email", "Phone", "HasOptedOutOfEmail", "DoNotCall", "ABM_Committee_Role__c"]
_QUEUE_FIELDS_TEXT = (
    "Id Name OwnerId Account__c Contact__c Rank__c Priority__c Reason__c Suggested_Action__c Due_Date__c"
    " Expires_On__c Status__c Outcome__c"
)
_QUEUE_FIELDS = _QUEUE_FIELDS_TEXT.split()
CLOSED_STATUSES = ("Done", "Rejected")


_TASKS = """
select t."Subject", t."Type", t."Status", t."ActivityDate", t."CallDisposition",
    (select "Name" from "User" where "Id" = t."OwnerId") as owner,
    (select "Name" from "Contact" where "Id" = t."WhoId") as who
from "Task" as t
where t."AccountId" = ? and t."IsDeleted" = 0
order by coalesce(t."ActivityDate", t."CreatedDate") desc, t."Id"
limit ?
"""
_REPS = """
select q."OwnerId" as id, coalesce(u."Name", q."OwnerId") as name, sum(coalesce(q."Status__c", '') not in (?, ?)) as open
from (select * from ({source})) as q
left join "User" as u on u."Id" = q."OwnerId"
where {current}
group by 1, 2
order by name collate nocase, 1
"""
_QUEUE = """
select q.*, a."Name" as account, a."Industry" as industry, a."BillingCountry" as country, a."ABM_Tier__c" as tier,
    a."ABM_Score__c" as score, a."ABM_Suppressed__c" as is_suppressed, c."Name" as contact, c."Title" as title,
    c."Email" as email, c."Phone" as phone, c."HasOptedOutOfEmail" as no_email, c."DoNotCall" as no_call,
    c."ABM_Committee_Role__c" as role, (select "Name" from "User" where "Id" = q."OwnerId") as owner
from (select * from ({source}) where {condition}) as q
left join ({accounts}) as a on a."Id" = q."Account__c"
left join ({contacts}) as c on c."Id" = q."Contact__c"
order by q."Rank__c" nulls last, q."Expires_On__c" desc, q."Id"
limit ?
"""


class PageQueries:
    """Reads for one page."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.connection = org.store.reader()

    def accounts(self, asked: Mapping[str, str], number: int) -> dict[str, Any]:
        """A page of accounts, how many there are, and what to choose from."""
        source = self._rows_of("Account", _ACCOUNT_FIELDS)
        conditions = ['"IsDeleted" = 0']
        values: list[Any] = []
        if asked["q"]:
            pattern = "%" + asked["q"].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            conditions.append('("Name" like ? escape \'\\\' or "Website" like ? escape \'\\\' or "Id" = ?)')
            values += [pattern, pattern, asked["q"]]
        if asked["tier"]:
            conditions.append('"ABM_Tier__c" is null' if asked["tier"] == "none" else '"ABM_Tier__c" = ?')
            values += [] if asked["tier"] == "none" else [asked["tier"]]
        if asked["owner"]:
            conditions.append('"OwnerId" = ?')
            values.append(asked["owner"])
        if asked["score"].isdecimal() and len(asked["score"]) <= 3:
            conditions.append('"ABM_Score__c" >= ?')
            values.append(int(asked["score"]))
        where = " and ".join(conditions)
        sort = asked["sort"] if asked["sort"] in SORTS else "score"
        is_descending = asked["order"] == "desc" or (asked["order"] != "asc" and sort not in LOWEST_FIRST)
        direction = f"{'desc' if is_descending else 'asc'} nulls last"
        tie = ', "ABM_Score__c" desc nulls last' if sort != "score" else ""
        owner = '(select "Name" from "User" where "User"."Id" = a."OwnerId")'
        rows = self._all(
            f"select a.*, {owner} as owner from ({source}) as a where {where}"
            f' order by {SORTS[sort]} {direction}{tie}, "Name" collate nocase, "Id" limit ? offset ?',
            [*values, ROWS_PER_PAGE, (number - 1) * ROWS_PER_PAGE],
        )
        total = self._one(f"select count(*) from ({source}) where {where}", values)
        return {
            "rows": rows,
            "total": total,
            "sort": sort,
            "is_descending": is_descending,
            "tiers": self._tier_counts(),
            "owners": self._owners(),
            "has_fields": self._has("Account", "ABM_Score__c"),
            "first": (number - 1) * ROWS_PER_PAGE + 1,
        }

    def account(self, record_id: str) -> dict[str, Any] | None:
        """One account with everything around it."""
        item = self.org.store.schema.objects["Account"]
        row = self.org.row(item, record_id)
        if row is None:
            return None
        key = str(row["Id"])
        account = {name: row.get(name) for name in _ACCOUNT_FIELDS}
        contacts = self._all(
            f'select * from ({self._rows_of("Contact", _contact_fields())}) where "AccountId" = ? and "IsDeleted" = 0'
            ' order by "ABM_Committee_Role__c" is null, "ABM_Committee_Role__c", "Name" collate nocase, "Id"',
            [key],
        )
        opportunities = self._all(
            'select "Id", "Name", "StageName", "Amount", "CloseDate", "IsClosed", "IsWon" from "Opportunity"'
            ' where "AccountId" = ? and "IsDeleted" = 0 order by "IsClosed", "CloseDate" desc, "Id"',
            [key],
        )
        tasks = self._all(_TASKS, [key, TASKS_SHOWN])
        task_count = self._one('select count(*) from "Task" where "AccountId" = ? and "IsDeleted" = 0', [key])
        return {
            "account": account,
            "owner": self._name("User", row["OwnerId"]),
            "parent": self._name("Account", row["ParentId"]),
            "duplicate_of": self._name("Account", row.get("ABM_Duplicate_Of__c")),
            "contacts": contacts,
            "opportunities": opportunities,
            "tasks": tasks,
            "task_count": task_count,
            "queue_items": self._queue_rows('"Account__c" = ?', [key], limit=20) if self._queue_object else [],
            "has_fields": self._has("Account", "ABM_Score__c"),
        }

    def queue(self, rep: str, *, show_all: bool) -> dict[str, Any]:
        """The queue of a rep, by rank, and the reps who have one.

        Items that have expired are left out. The day that counts is today, or the last day on which any item still counted,
        whichever is earlier: a demo of last month's data still shows its queue.
        """
        if self._queue_object is None:
            nothing: dict[str, Any] = {
                "reps": [],
                "items": [],
                "rep": "",
                "rep_name": "",
                "day": None,
                "count": 0,
                "done": 0,
            }
            return {**nothing, "has_fields": False, "show_all": show_all, "statuses": [], "outcomes": []}
        source = self._rows_of("ABM_Queue_Item__c", [*_QUEUE_FIELDS, "IsDeleted"])
        last = self._one(f'select max("Expires_On__c") from ({source}) where "IsDeleted" = 0', [])
        today = self.org.store.now().date().isoformat()
        day = min(today, last) if last else today
        current = '"IsDeleted" = 0 and ("Expires_On__c" is null or "Expires_On__c" >= ?)'
        reps = self._all(_REPS.format(source=source, current=current), [*CLOSED_STATUSES, day])
        busiest = max(reps, key=lambda each: int(each["open"]), default={"id": "", "name": ""})
        chosen = next((each for each in reps if each["id"] == rep), busiest)
        items = self._queue_rows(f'"OwnerId" = ? and {current}', [chosen["id"], day], limit=500)
        done = sum(item["Status__c"] in CLOSED_STATUSES for item in items)
        shown = items if show_all else [item for item in items if item["Status__c"] not in CLOSED_STATUSES]
        fields = self._queue_object.fields
        return {
            "has_fields": True,
            "reps": reps,
            "rep": chosen["id"],
            "rep_name": chosen["name"],
            "items": shown,
            "day": day,
            "done": done,
            "count": len(items),
            "show_all": show_all,
            "statuses": [value for value, _ in fields["Status__c"].values] if "Status__c" in fields else [],
            "outcomes": [value for value, _ in fields["Outcome__c"].values] if "Outcome__c" in fields else [],
        }

    def owner_of(self, row: Mapping[str, Any]) -> str:
        """The user who owns a record, the integration user if there is none."""
        owner = row.get("OwnerId")
        return str(owner) if owner and self._name("User", owner) else self.org.user_id

    @property
    def _queue_object(self) -> SObject | None:
        return self.org.store.schema.find("ABM_Queue_Item__c")

    def _queue_rows(self, condition: str, values: list[Any], limit: int) -> list[dict[str, Any]]:
        source = self._rows_of("ABM_Queue_Item__c", [*_QUEUE_FIELDS, "IsDeleted", "CreatedDate"])
        accounts = self._rows_of(
            "Account", ["Id", "Name", "Industry", "BillingCountry", "ABM_Tier__c", "ABM_Score__c", "ABM_Suppressed__c"]
        )
        contacts = self._rows_of(
            "Contact",
            ["Id", "Name", "Title", "Email", "Phone", "HasOptedOutOfEmail", "DoNotCall", "ABM_Committee_Role__c"],
        )
        statement = _QUEUE.format(source=source, condition=condition, accounts=accounts, contacts=contacts)
        return self._all(statement, [*values, limit])

    def _tier_counts(self) -> list[dict[str, Any]]:
        source = self._rows_of("Account", ["ABM_Tier__c", "IsDeleted"])
        counted = f'select "ABM_Tier__c" as tier, count(*) as count from ({source}) where "IsDeleted" = 0'
        return self._all(f"{counted} group by 1 order by 1 nulls last", [])

    def _owners(self) -> list[dict[str, Any]]:
        owners = 'select distinct "OwnerId" from "Account"'
        statement = (
            f'select "Id" as id, "Name" as name from "User" where "Id" in ({owners}) order by "Name" collate nocase'
        )
        return self._all(statement, [])

    def _name(self, table: str, record_id: object) -> dict[str, Any] | None:
        if record_id is None:
            return None
        found = self._all(f'select "Id" as id, "Name" as name from {quote(table)} where "Id" = ?', [record_id])
        return found[0] if found else None

    def _has(self, table: str, name: str) -> bool:
        item = self.org.store.schema.find(table)
        return item is not None and name in item.fields

    def _rows_of(self, table: str, names: list[str]) -> str:
        """SQL for these columns of an object, null where the field is not deployed."""
        item = self.org.store.schema.objects[table]
        return (
            "select "
            + ", ".join(quote(n) if n in item.fields else f"null as {quote(n)}" for n in names)
            + f" from {quote(table)}"
        )

    def _all(self, statement: str, values: list[Any]) -> list[dict[str, Any]]:
        cursor = self.connection.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _one(self, statement: str, values: list[Any]) -> Any:
        return self.connection.execute(statement, values).fetchone()[0]


def _contact_fields() -> list[str]:
    return [*_PERSON_FIELDS, "AccountId", "Department", "IsDeleted"]
