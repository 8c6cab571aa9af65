"""Requests of a tiny run, for tests: a list of people, what came back of it, and the tables that follow-up reads."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import Model
from phm_utils.measures.follow_up import follow_up
from phm_utils.measures.outreach import COLUMNS, TAKEN, requests_folder
from phm_utils.params import Workbook
from phm_utils.privacy.request_file import LIST_DAYS, RequestFolder, RequestHead, write_request

MADE, INDEX = date(2025, 1, 6), date(2025, 3, 31)


@dataclass
class Lists:
    """Tables of a run whose people are given by token, and requests for lists of them.

    A person is a dict: `token`, and what is unusual of `practice` (A99001), `to` (last day there), `died`, `then` (the
    next practice), `unknown` (not in the extracts).
    """

    con: duckdb.DuckDBPyConnection
    workbook: Workbook
    people: list[dict] = field(default_factory=list)

    def are(self, *people: dict) -> None:
        """Make `person_follow_up` and `gp_registration` of people, numbered from 1; nobody has an event."""
        self.people = [{"practice": "A99001", "to": None, "died": None, "then": None, **row} for row in people]
        followed, registered = [], []
        for number, row in enumerate((r for r in self.people if not r.get("unknown")), start=1):
            row["person_no"] = number
            last = row["then"] or row["practice"]
            end = row["died"] or (None if row["then"] else row["to"]) or INDEX
            followed.append((row["token"], number, last, end, row["died"] is not None))
            registered.append((row["token"], row["practice"], date(2010, 1, 1), row["to"]))
            if row["then"]:
                registered.append((row["token"], row["then"], row["to"] + timedelta(days=1), None))
        self._table("person_follow_up", followed, "person_id VARCHAR, person_no INT, practice_code VARCHAR, "
                    "end_date DATE, died BOOLEAN")  # fmt: skip
        self._table("gp_registration", registered, "token_person_id VARCHAR, practice_code VARCHAR, "
                    "registered_from DATE, registered_to DATE")  # fmt: skip
        practices = [("A99001", "One", "U99001", "North", None, None), ("A99002", "Two", "U99001", "North", None, None),
                     ("A99003", "Three", "U99002", "South", None, None),
                     ("A99009", "Old", "U99001", "North", date(2025, 2, 1), "A99002")]  # fmt: skip
        self._table("practice", practices, "practice_code VARCHAR, practice_name VARCHAR, pcn_code VARCHAR, "
                    "pcn_name VARCHAR, close_date DATE, successor_code VARCHAR")  # fmt: skip
        here = [
            row for row in self.people if row.get("person_no") and not row["died"] and (row["then"] or not row["to"])
        ]
        networks = {practice: pcn for practice, _, pcn, *_ in practices}
        rows = [
            (row["token"], row["person_no"], row["then"] or row["practice"], networks[row["then"] or row["practice"]],
             row.get("age", 50), "Female", row.get("fifth", 5), row.get("ethnic_group", "White"))
            for row in here
        ]  # fmt: skip
        self._table("person", rows, "person_id VARCHAR, person_no INT, practice_code VARCHAR, pcn_code VARCHAR, "
                    "age INT, sex VARCHAR, imd_quintile INT, ethnic_group VARCHAR")  # fmt: skip
        self._table("person_left_out", [], "table_name VARCHAR, column_name VARCHAR, what VARCHAR")
        self._table("code_list", [("cervical_screening", "171149006")], "list_name VARCHAR, code VARCHAR")
        self.have()

    def have(self, *events: tuple[str, str, date], gone: Iterable[tuple[str, date]] = ()) -> None:
        """Give people events: token, concept and day. gone: of people who are in `person` no more, screening alone."""
        number = {row["token"]: row.get("person_no") for row in self.people}
        rows = [(concept, number[token], day) for token, concept, day in events]
        self._table("person_event", rows, "concept VARCHAR, person_no INT, day DATE")
        coded = [(token, "171149006", day) for token, day in gone]
        self._table("gp_event", coded, "token_person_id VARCHAR, snomed_code VARCHAR, event_date DATE")

    def request(self, *tokens: str, made: date = MADE, cohort: str = "cervical_screening_overdue", run: str = "tiny",
                digits: str = "7K2M9Q") -> RequestFolder:  # fmt: skip
        """Write a request for some people, of the practice that they are first given with; all without tokens."""
        rows = [row for row in self.people if not tokens or row["token"] in tokens]
        frame = pd.DataFrame({"token": [r["token"] for r in rows], "practice_code": [r["practice"] for r in rows]})
        head = RequestHead(
            request=f"R-{made:%Y%m%d}-{digits}", made=made, expires=made + timedelta(days=LIST_DAYS), synthetic=True,
            run=run, index_date=INDEX, data_to=INDEX, role="practice", purpose="direct_care", requester="Manager",
            recipient="Surgery", agreement="A1", cohort=cohort, version="0f", title="Call", reason="Overdue",
            practices=tuple(sorted(set(frame["practice_code"]))),
        )  # fmt: skip
        return write_request(requests_folder(self.workbook), head, frame)

    def came_back(self, request: RequestFolder, *rows: tuple[str, str, date]) -> None:
        """Write what came back of a request: token, status and day."""
        reference = request.people().set_index("token")["reference"]
        made = [(reference[token], status, str(day), str(INDEX), "0" * 64) for token, status, day in rows]
        pd.DataFrame(made, columns=COLUMNS[TAKEN]).to_csv(Path(request.path) / TAKEN, index=False)

    def run(self) -> dict[str, pd.DataFrame]:
        """Run the stage; its tables by name, and they can be read in `con`."""
        return {model.name: self.keep(model) for model in follow_up(self.con, self.workbook)}

    def keep(self, model: Model) -> pd.DataFrame:
        if model.frame is not None:
            self.con.register("_frame", model.frame)
        source = "SELECT * FROM _frame" if model.frame is not None else model.sql
        self.con.execute(f"CREATE OR REPLACE TABLE {model.name} AS {source} ORDER BY {', '.join(model.key)}")
        return self.con.execute(f"SELECT * FROM {model.name}").df()

    def many(self, **groups: tuple[int, dict]) -> None:
        """Make people in groups of some number: `tried3` is the third of `tried`."""
        self.are(*({"token": f"{name}{n}", **row} for name, (count, row) in groups.items() for n in range(count)))

    def _table(self, name: str, rows: list[tuple], columns: str) -> None:
        self.con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        if rows:
            self.con.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def lists_of(folder: Path) -> Lists:
    """Lists of a run named `tiny` whose outputs are in a folder."""
    workbook = Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date=INDEX, landing="landing",
        outputs=str(folder / "outputs"),
    )  # fmt: skip
    return Lists(duckdb.connect(), workbook)
