"""Odd extracts that are right: places, people, practices and files unlike the simulated ICS. None should be stopped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tiny_landing import EVENTS, PERSONS, Change, make_landing

PEOPLE = ("gp_registration", *EVENTS, "death", "partner_list", "programme_enrolment")  # tables of people's rows
DESCRIBED = ("gp_registration", *PERSONS, "programme_enrolment")  # those with sex, birth and home
FALLS_SILENT = "A99003"  # planted; a fault of the extract
GP_TABLES = ("gp_registration", "gp_event", "gp_medication", "gp_appointment")


@dataclass(frozen=True)
class Odd:
    """One odd extract: a function of this module and what it reads (`change.option`)."""

    kind: str
    does: Callable[[Change], None]
    option: Any = None

    @property
    def name(self) -> str:
        return f"{self.kind} {self.option or ''}".strip()

    def make(self, source: Path, folder: Path) -> Change:
        """Write the odd copy of a landing; it may need the mapping that the change names."""
        if self.kind == "size":
            pcns, people, seed = self.option
            source = make_landing(folder / "made", seed=seed, pcns=pcns, people=people)
        change = Change(source, folder / "landing", "gp_registration", name=self.name, option=self.option)
        self.does(change)
        for table in [name for name, frame in change.frames.items() if frame.empty]:
            change.remove(table)  # a supplier sends no table without rows
        change.save()
        return change


ODD: list[Odd] = []


def odd(options: Iterable[Any] = (None,)):
    """Enter a function into the list, once for each option."""

    def enter(does: Callable[[Change], None]) -> Callable[[Change], None]:
        ODD.extend(Odd(does.__name__, does, option) for option in options)
        return does

    return enter


def keep_people(change: Change, tokens: Iterable[str]) -> None:
    """Leave these people alone in every table, and rows of people on no list."""
    kept, everybody = set(tokens), set(change.of("gp_registration")["token_person_id"])
    for table in [name for name in PEOPLE if change.has(name)]:
        change.keep(~change.of(table)["token_person_id"].isin(everybody - kept), table)
    practices = change.of("practice")
    registered = change.of("gp_registration").query("registered_to.isna()")["practice_code"].value_counts()
    practices["published_list_size"] = practices["practice_code"].map(registered).fillna(0).astype(int).astype(str)


def describe(change: Change, column: str, values: dict[str, str]) -> None:
    """Say the same of each of some people in every table: column, and value by token."""
    for table in DESCRIBED:
        frame = change.of(table)
        new = frame["token_person_id"].map(values)
        frame[column] = frame[column].where(new.isna(), new)


def people(change: Change) -> pd.DataFrame:
    """One row per registered person, with `age`."""
    frame = change.of("gp_registration").drop_duplicates("token_person_id").dropna(subset="token_person_id")
    return frame.assign(age=2025 - frame["birth_month"].str[:4].astype(float))


def some(frame: pd.DataFrame, share: float, change: Change) -> pd.DataFrame:
    return frame[change.random.random(len(frame)) < share]


SIZES = ((1, 200, 1), (1, 400, 2), (1, 700, 3), (1, 1500, 4), (2, 300, 5), (2, 900, 6), (3, 400, 8), (3, 700, 9),
         (4, 300, 10), (1, 1000, 11), (1, 1000, 12), (2, 1000, 13), (3, 500, 14), (1, 3000, 15))  # fmt: skip


@odd(SIZES)
def size(change: Change) -> None:
    """Another simulated place: PCNs, people in each, seed; without the practice that the simulator lets fall silent."""
    everybody = people(change)
    keep_people(change, everybody[everybody["practice_code"] != FALLS_SILENT]["token_person_id"])
    change.keep(change.of("practice")["practice_code"] != FALLS_SILENT, "practice")


@odd(("university", "retirement", "families", "working age"))
def town(change: Change) -> None:
    """A town of students, of old people, of families or of workers."""
    everybody = people(change)
    ages = {"university": (18, 24, 0.06), "retirement": (65, 110, 0.2), "families": (0, 45, 0.15),
            "working age": (20, 64, 0.1)}[change.option]  # fmt: skip
    inside = everybody["age"].between(*ages[:2])
    keep_people(change, [*everybody[inside]["token_person_id"],
                         *some(everybody[~inside], ages[2], change)["token_person_id"]])  # fmt: skip


@odd(("men", "women", "of 50", "old", "young"))
def special_practice(change: Change) -> None:
    """One practice of a prison, a refuge, a care home, a campus, or of 50 people."""
    everybody = people(change)
    own = everybody[everybody["practice_code"] == "A99001"]
    stay = {
        "men": own["sex"] == "1", "women": own["sex"] == "2", "of 50": own["token_person_id"].rank() <= 50,
        "old": own["age"] >= 70, "young": own["age"].between(17, 27),
    }[change.option]  # fmt: skip
    keep_people(change, set(everybody["token_person_id"]) - set(own[~stay]["token_person_id"]))


@odd((1, 2))
def tiny_pcn(change: Change) -> None:
    """One PCN has few people."""
    everybody = people(change)
    own = everybody[everybody["practice_code"].isin([f"A990{n:02d}" for n in range(1, 7)])]
    keep_people(change, set(everybody["token_person_id"]) - set(own["token_person_id"][change.option * 50 :]))


@odd()
def opened_last_month(change: Change) -> None:
    """A practice that opened last month: all of its patients came then, with their records."""
    frame, practices = change.frame, change.of("practice")
    own = (frame["practice_code"] == "A99003") & frame["registered_to"].isna()
    frame.loc[own, "registered_from"] = "2025-04-01"
    practices.loc[practices["practice_code"] == "A99003", "open_date"] = "2025-04-01"


@odd(("2025-02-28", "2022-06-30"))
def closed(change: Change) -> None:
    """A practice that closed: its patients went to another."""
    frame, practices, day = change.frame, change.of("practice"), change.option
    own = (frame["practice_code"] == "A99002") & frame["registered_to"].isna() & (frame["registered_from"] <= day)
    again = frame[own].assign(
        registration_id="7" + frame["registration_id"], practice_code="A99001", registered_from=day
    )
    frame.loc[own, "registered_to"] = day
    change.set(pd.concat([frame[(frame["practice_code"] != "A99002") | frame["registered_to"].notna()], again]))
    practices.loc[practices["practice_code"] == "A99002", "close_date"] = day
    for table in GP_TABLES[1:]:
        rows = change.of(table)
        late = (rows["practice_code"] == "A99002") & (rows[EVENTS[table]] > day)
        rows.loc[late, "practice_code"] = "A99001"


@odd(("csds_contact", "mhsds_contact", "gp_appointment", "asc_event"))
def new_service(change: Change) -> None:
    """A table that begins three months ago."""
    table = change.option
    change.keep(change.of(table)[EVENTS[table]].fillna("") >= "2025-02-01", table)


@odd(("ecds_attendance", "op_attendance", "csds_contact", "asc_event", "apc_episode", "death"))
def late_feed(change: Change) -> None:
    """A source that ends two months before the others."""
    table = change.option
    column = EVENTS.get(table, "date_of_death")
    change.keep(change.of(table)[column].fillna("") < "2025-03-01", table)


@odd(("A99001", "A99009"))
def late_practice(change: Change) -> None:
    """A practice that ends a month early."""
    for table in GP_TABLES[1:]:
        rows = change.of(table)
        late = (rows["practice_code"] == change.option) & (rows[EVENTS[table]].fillna("") >= "2025-04-01")
        change.keep(~late, table)


@odd(("2023-04-01", "2024-04-01", "2022-01-01"))
def short_history(change: Change) -> None:
    """Events of fewer years."""
    for table, column in EVENTS.items():
        change.keep(change.of(table)[column].fillna("") >= change.option, table)


@odd((0.33, 0.6))
def border_practice(change: Change) -> None:
    """A practice with many patients who live in Wales."""
    own = people(change).query("practice_code == 'A99010'")
    describe(change, "lsoa", dict.fromkeys(some(own, change.option, change)["token_person_id"], "W01000123"))


@odd(("no private", "one"))
def providers(change: Change) -> None:
    """No private provider, or one provider of everything."""
    for table in ("apc_episode", "op_attendance", "ecds_attendance"):
        if change.option == "one":
            change.of(table)["procode"] = "RZ9"
        else:
            change.keep(change.of(table)["procode"] != "RZ7", table)


@odd(("deprived", "affluent", "rural", "urban"))
def place(change: Change) -> None:
    """A place whose areas are all deprived, affluent, rural or urban."""
    area = change.of("area")
    if change.option in ("rural", "urban"):
        area["rural_urban"] = change.option.capitalize()
        return
    rank = area["imd_rank"].astype(int) // 5 + (1 if change.option == "deprived" else 27_000)
    area["imd_rank"] = rank.astype(str)
    area["imd_decile"] = ((rank - 1) * 10 // 33_755 + 1).astype(str)


@odd(("A", "60%", "40%", "85%", "not stated"))
def ethnicity(change: Change) -> None:
    """Everybody White British, or ethnicity recorded for some."""
    frame = change.frame
    match change.option:
        case "A":
            frame["ethnicity"] = "A"
        case "not stated":
            frame.loc[change.random.random(len(frame)) < 0.4, "ethnicity"] = "Z"
        case share:
            frame.loc[change.random.random(len(frame)) > float(share.strip("%")) / 100, "ethnicity"] = None


@odd(("gp_medication", "gp_appointment", "op_attendance", "csds_contact"))
def few_rows(change: Change) -> None:
    """A source with few rows."""
    table = change.option
    change.keep(change.random.random(len(change.of(table))) < 0.05, table)


@odd((400, 150))
def barracks(change: Change) -> None:
    """Many unrelated people in one household."""
    chosen = people(change).query("18 <= age <= 60").head(change.option)["token_person_id"]
    describe(change, "lsoa", dict.fromkeys(chosen, "E01999020"))
    frame = change.frame
    frame.loc[frame["token_person_id"].isin(chosen), "household_token"] = "barracks"


@odd((0.07, 0.15))
def born_in_january(change: Change) -> None:
    """Immigrants whose day of birth is not known, and stands as 1 January."""
    chosen = some(people(change), change.option, change)
    births = chosen.set_index("token_person_id")["birth_month"].dropna()
    describe(change, "birth_month", {token: f"{birth[:4]}-01-01" for token, birth in births.items()})


@odd((0.03,))
def twins(change: Change) -> None:
    """Twins: the same birth and household."""
    chosen = some(people(change), change.option, change).drop(columns="age")
    twin = chosen.assign(
        registration_id="6" + chosen["registration_id"], token_person_id="a" + chosen["token_person_id"]
    )
    change.set(pd.concat([change.frame, twin], ignore_index=True))


@odd((12, 60))
def newborns(change: Change) -> None:
    """Babies registered yesterday."""
    babies = people(change).query("age < 40").head(change.option).drop(columns="age")
    babies = babies.assign(
        registration_id="5" + babies["registration_id"], token_person_id="b" + babies["token_person_id"],
        birth_month="2025-04-01", registered_from="2025-04-29", registered_to=None, ethnicity=None,
    )  # fmt: skip
    change.set(pd.concat([change.frame, babies], ignore_index=True))


@odd((105, 110))
def centenarians(change: Change) -> None:
    """Very old people."""
    old = people(change).query("age > 85").head(10)["token_person_id"]
    describe(change, "birth_month", dict.fromkeys(old, f"{2025 - change.option}-03-01"))


@odd(("current", "most current"))
def leavers(change: Change) -> None:
    """An extract of people who are registered today, or with few leavers."""
    frame = change.frame
    gone = frame["registered_to"].notna() & (
        change.random.random(len(frame)) < (1 if change.option == "current" else 0.8)
    )
    change.keep(~gone)


@odd((("gp_event",), ("apc_episode", "op_attendance", "ecds_attendance"), ("asc_event", "partner_list"), ("death",),
      ("gp_appointment", "gp_medication"), tuple(t for t in PEOPLE if t != "gp_registration")))  # fmt: skip
def without(change: Change) -> None:
    """An extract that has not every table."""
    for table in change.option:
        change.remove(table)


@odd((0.1, 0.25))
def residents(change: Change) -> None:
    """Hospital and community tables hold residents whose practice is elsewhere."""
    chosen = some(people(change), change.option, change)["token_person_id"]
    gp_only = set(chosen)
    for table in GP_TABLES:
        change.keep(~change.of(table)["token_person_id"].isin(gp_only), table)


@odd((0.04, 0.08))
def unmatched(change: Change) -> None:
    """Hospital rows whose pseudonym could not be made."""
    for table in ("apc_episode", "ecds_attendance", "op_attendance", "mhsds_contact"):
        frame = change.of(table)
        frame.loc[change.random.random(len(frame)) < change.option, "token_person_id"] = None


@odd((0.05,))
def unknown_details(change: Change) -> None:
    """Some people whose sex is indeterminate, or whose home is not known."""
    frame = change.frame
    frame.loc[change.random.random(len(frame)) < 0.02, "sex"] = "9"
    frame.loc[change.random.random(len(frame)) < change.option, "lsoa"] = None


@odd(("order", "extra", "upper case", "optional empty", "optional missing"))
def columns(change: Change) -> None:
    """Columns in another order or in capitals, more of them, or none of the optional ones."""
    for table in ("gp_registration", "gp_event", "apc_episode", "op_attendance"):
        frame = change.of(table)
        less = [c for c in ("opertn_01", "tretspef", "household_token", "unit", "diag_12", "firstatt") if c in frame]
        match change.option:
            case "order":
                change.set(frame[frame.columns[::-1]], table)
            case "extra":
                change.set(frame.assign(batch="7", **{"Load Date": "2025-05-01"}), table)
            case "upper case":
                change.set(frame.rename(columns=str.upper), table)
            case "optional empty":
                frame[less] = None
            case "optional missing":
                change.set(frame.drop(columns=less), table)


@odd(("CSV", "several files", "quoted", "Windows", "mark", "semicolons", "cp1252", "utf-16", "pipe"))
def files(change: Change) -> None:
    """Other kinds of files, which the mapping names where it must."""
    for table in ("gp_registration", "apc_episode", "practice"):
        change.table = table
        frame = change.frame
        entry: dict[str, str] = {}
        match change.option:
            case "several files":
                change.remove()
                (change.folder / table).mkdir()
                for part in range(3):
                    frame.iloc[part::3].to_csv(change.folder / table / f"part{part}.csv", index=False)
            case "quoted":
                change.write(frame.to_csv(index=False, quoting=1).encode())
            case "Windows":
                change.write(frame.to_csv(index=False, lineterminator="\r\n").encode())
            case "mark":
                change.write(change.csv().encode("utf-8-sig"))
            case "semicolons" | "pipe":
                entry["delimiter"] = ";" if change.option == "semicolons" else "|"
                change.write(change.csv(sep=entry["delimiter"]).encode())
            case "cp1252" | "utf-16":
                entry["encoding"] = change.option
                change.write(change.csv().encode(entry["encoding"]))
        if entry:
            change.mapping.setdefault("tables", {})[table] = entry


@odd(("10 digits", "64 hex", "UUID", "short", "capitals"))
def tokens(change: Change) -> None:
    """Pseudonyms of another form, the same in every table."""
    ways: dict[str, Callable[[str], str]] = {
        "10 digits": lambda t: str(10**9 + int(t[:13], 16) % (9 * 10**9)),
        "64 hex": lambda t: t * 2,
        "UUID": lambda t: f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}",
        "short": lambda t: t[:12],
        "capitals": str.upper,
    }
    for table in PEOPLE:
        frame = change.of(table)
        frame["token_person_id"] = frame["token_person_id"].map(ways[change.option], na_action="ignore")


@odd(("d/m/Y", "times", "compact", "named month", "zone"))
def dates(change: Change) -> None:
    """Days in other forms that mean one thing."""
    ways = {"d/m/Y": "%d/%m/%Y", "times": "%Y-%m-%d 00:00:00", "compact": "%Y%m%d", "named month": "%d-%b-%Y",
            "zone": "%Y-%m-%dT12:00:00Z"}  # fmt: skip
    for table, column in (EVENTS | {"gp_registration": "registered_from", "death": "date_of_death"}).items():
        days = pd.to_datetime(change.of(table)[column], errors="coerce")
        change.of(table)[column] = days.dt.strftime(ways[change.option])


@odd(("five characters", "fillers", "nulls", "old days"))
def documented(change: Change) -> None:
    """Codes of five characters, and fillers and words that mean "not recorded"."""
    episodes, registrations = change.of("apc_episode"), change.frame
    match change.option:
        case "five characters":
            episodes["diag_01"] = episodes["diag_01"].map(lambda v: f"{v[:4]:X<4}D", na_action="ignore")
        case "fillers":
            episodes[["opertn_01", "diag_03"]] = episodes[["opertn_01", "diag_03"]].fillna("-")
            episodes.loc[episodes.index % 20 == 0, "gppract"] = "V81999"
            episodes.loc[episodes.index % 50 == 0, "tretspef"] = "&"
        case "nulls":
            for column in ("registered_to", "ethnicity", "household_token"):
                registrations[column] = registrations[column].fillna("NULL")
        case "old days":
            registrations["registered_to"] = registrations["registered_to"].fillna("9999-12-31")
            episodes.loc[episodes.index % 30 == 0, "disdate"] = "1801-01-01"
