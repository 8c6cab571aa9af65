"""Corruptions of pseudonyms and of what is said of people: births, deaths, households, spells."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pandas as pd
from corruption_kinds import columns_of, kind
from tiny_landing import DATES, EVENTS, GP, HOSPITAL, OTHER_SEED, PERSONS, Change, as_text, make_landing

JOINED = (*EVENTS, "death", "partner_list")
NOTHING = hashlib.md5(b"").hexdigest()


@lru_cache
def other_ics(folder: Path) -> Path:
    """The landing of another ICS, made once beside ours."""
    made = folder / "landing"
    return made if made.exists() else make_landing(folder, seed=OTHER_SEED)


def rekeyed(token: str, key: str = "last year's key") -> str:
    return hashlib.sha256(f"{key}{token}".encode()).hexdigest()[:32]


@kind(*columns_of("token_person_id", ("gp_registration", *JOINED)),
      options=("another key", "upper case", "8 characters"))  # fmt: skip
@kind(*columns_of("token_person_id", ("gp_registration", "gp_event", "apc_episode", "csds_contact")),
      options=("6 characters", "4 characters", "prefix", "of two words"))  # fmt: skip
@kind(*columns_of("token_person_id", ("gp_event", "apc_episode", "op_attendance")), shares=(0.5, 0.2),
      options=("another key",))  # fmt: skip
def tokens_rewritten(change: Change) -> None:
    """Pseudonyms of one table in another form, or made with another key: they join nobody."""
    ways: dict[str, Callable[[str], str]] = {
        "another key": rekeyed,
        "upper case": str.upper,
        "8 characters": lambda v: v[:8],
        "6 characters": lambda v: v[:6],
        "4 characters": lambda v: v[:4],
        "prefix": lambda v: f"P-{v}",
        "of two words": lambda v: f"{v[:16]} {v[16:]}",
    }
    change.each(ways[change.option])


@kind("gp_registration", options=(4, 3))
def tokens_cut_everywhere(change: Change) -> None:
    """Pseudonyms cut in every table: few characters, and unlike people share one."""
    for table in ("gp_registration", *JOINED):
        change.of(table)["token_person_id"] = change.of(table)["token_person_id"].str[: change.option]


@kind(*(t for t in ("gp_registration", "gp_event", "apc_episode")),
      options=("scientific", "float text", "without zeros", "quoted"))  # fmt: skip
def number_tokens(change: Change) -> None:
    """Pseudonyms of ten digits in every table, which one table writes as a spreadsheet would."""
    ways = {
        "scientific": lambda v: f"{float(v):.5E}", "float text": lambda v: f"{v}.0",
        "without zeros": lambda v: v.lstrip("0"), "quoted": lambda v: f"'{v}",
    }  # fmt: skip
    for table in ("gp_registration", *JOINED):
        frame = change.of(table)
        tokens = {t: f"{int(t[:12], 16) % 10**8:010d}" for t in frame["token_person_id"].dropna().unique() if t}
        if table == change.table:
            tokens = {t: ways[change.option](n) for t, n in tokens.items()}
        frame["token_person_id"] = frame["token_person_id"].map(tokens)


@kind(*JOINED)
@kind("gp_registration")
def other_people(change: Change) -> None:
    """A whole table of another ICS."""
    change.set(as_text(other_ics(change.source.parent / "other") / f"{change.table}.parquet"))


@kind("gp_event", "apc_episode", "gp_registration", "csds_contact", shares=(0.3,))
def other_people_besides(change: Change) -> None:
    """Rows of another ICS between ours: an export that was not restricted to the ICS."""
    others = as_text(other_ics(change.source.parent / "other") / f"{change.table}.parquet")
    others.iloc[:, 0] = "8" + others.iloc[:, 0]
    change.set(pd.concat([change.frame, others.head(int(len(others) * change.share))], ignore_index=True))


@kind(*columns_of("token_person_id", ("gp_registration", *GP, *HOSPITAL)), shares=(0.1,),
      options=("UNKNOWN", "0000000000", NOTHING, "person"))  # fmt: skip
@kind("gp_registration.household_token", shares=(1, 0.1), options=("UNKNOWN", NOTHING))
def placeholder(change: Change) -> None:
    """One placeholder, or one person's pseudonym, for everybody whose number is not known."""
    frame = change.frame
    change.fill(frame[change.column].dropna().iloc[0] if change.option == "person" else change.option)


@kind(*columns_of("token_person_id", ("gp_event", "apc_episode", "op_attendance", "csds_contact")))
def tokens_mixed(change: Change) -> None:
    """Pseudonyms of the right people beside other people's rows."""
    change.frame[change.column] = change.random.permutation(change.frame[change.column].to_numpy())


@kind(*columns_of("household_token", ("gp_registration",)),
      options=("by small area", "by practice", "one each"))  # fmt: skip
def households_wrong(change: Change) -> None:
    """Households that are whole streets or practices, or one for each person."""
    frame = change.frame
    ways = {"by small area": frame["lsoa"], "by practice": frame["practice_code"],
            "one each": frame["registration_id"]}  # fmt: skip
    frame["household_token"] = "h" + ways[change.option].astype(str)


BIRTHS = ("January", "future", "age 130", "century", "1900", "next year", "year", "one month", "mixed", "ages")


@kind("gp_registration.birth_month", options=BIRTHS)
@kind("gp_registration.birth_month", shares=(0.3,), options=("January", "future", "century", "mixed"))
@kind("apc_episode.birth_month", "csds_contact.birth_month", options=("January", "future", "century", "mixed"))
def births_wrong(change: Change) -> None:
    """Months of birth cut to the year, ahead, of the wrong century, or ages in their place."""
    ways = {
        "January": lambda v: f"{v[:4]}-01-01",
        "future": lambda v: f"{int(v[:4]) + 100}{v[4:]}",
        "age 130": lambda v: f"1895{v[4:]}",
        "century": lambda v: f"20{v[2:]}" if "1925" < v[:4] < "1970" else v,
        "1900": lambda v: "1900-01-01",
        "next year": lambda v: f"{int(v[:4]) + 1}{v[4:]}",
        "year": lambda v: v[:4],
        "one month": lambda v: str((pd.Timestamp(v) - pd.DateOffset(months=1)).date()),
        "ages": lambda v: str(2025 - int(v[:4])),
    }
    if change.option == "mixed":
        rows = change.chosen
        births = change.frame.loc[rows, change.column].to_numpy()
        change.frame.loc[rows, change.column] = change.random.permutation(births)
    else:
        change.each(ways[change.option])


@kind("death.token_person_id", shares=(1, 0.3))
def deaths_of_living(change: Change) -> None:
    """Deaths under the pseudonyms of people who are alive."""
    living = as_text(change.source / "gp_registration.parquet").query("registered_to.isna()")
    chosen = change.random.choice(living["token_person_id"].unique(), len(change.frame), replace=False)
    rows = change.chosen
    change.frame.loc[rows, "token_person_id"] = chosen[rows]


@kind("death.date_of_death", options=(-365, -30, 3650))
def deaths_moved(change: Change) -> None:
    """Deaths earlier or later than they were."""
    moved = change.days() + pd.Timedelta(days=change.option)
    change.frame["date_of_death"] = moved.dt.strftime("%Y-%m-%d")


@kind("death", options=(20,))
def deaths_of_many(change: Change) -> None:
    """A death for every twentieth part of the registrations' people: a status field read as a death."""
    people = as_text(change.source / "gp_registration.parquet").iloc[::5]
    rows = people[["token_person_id", "sex", "birth_month", "lsoa"]].assign(date_of_death="2025-03-01")
    rows.insert(0, "death_id", [f"7{i}" for i in range(len(rows))])
    change.set(pd.concat([change.frame, rows], ignore_index=True))


@kind("gp_registration", shares=(1, 0.1), options=("same practice", "other practice"))
def registered_twice(change: Change) -> None:
    """People twice under new registration ids, with the same practice or another."""
    again = change.frame[change.chosen].copy()
    again["registration_id"] = "9" + again["registration_id"]
    if change.option == "other practice":
        again["practice_code"] = again["practice_code"].map(lambda v: "A99001" if v != "A99001" else "A99002")
    change.set(pd.concat([change.frame, again], ignore_index=True))


@kind("gp_registration", shares=(1, 0.3))
def registered_twice_anew(change: Change) -> None:
    """People twice under new registration ids and new pseudonyms."""
    again = change.frame[change.chosen].copy()
    again["registration_id"] = "9" + again["registration_id"]
    again["token_person_id"] = again["token_person_id"].map(rekeyed, na_action="ignore")
    change.set(pd.concat([change.frame, again], ignore_index=True))


@kind("apc_episode", options=("one spell", "by provider", "by person", "repeated", "epiorder 1", "epiorder from 0"))
def spells_wrong(change: Change) -> None:
    """Spells that run together, or episodes that lost their order."""
    frame = change.frame
    match change.option:
        case "one spell":
            frame["spell_id"] = "1"
        case "by provider":
            frame["spell_id"] = frame["procode"]
        case "by person":
            frame["spell_id"] = frame["token_person_id"]
        case "repeated":
            frame["spell_id"] = [str(i % 100) for i in range(len(frame))]
        case "epiorder 1":
            frame["epiorder"] = "1"
        case "epiorder from 0":
            change.each(lambda v: str(int(v) - 1), "epiorder")


@kind(*columns_of("sex", PERSONS[:4]), *columns_of("birth_month", PERSONS[:4]))
def person_mixed(change: Change) -> None:
    """What is said of a person stands beside another's pseudonym."""
    change.frame[change.column] = change.random.permutation(change.frame[change.column].to_numpy())


@kind("gp_registration.registered_from", options=(7,))
def registered_late(change: Change) -> None:
    """Everybody registered anew on the day of a system's change, though their events are older."""
    assert change.column == DATES[change.table]
    change.each(lambda v: "2024-06-03")
