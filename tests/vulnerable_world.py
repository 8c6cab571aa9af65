"""Households at risk worked out in plain pandas from the landing, the facts of people and the words of a model's file.

Who lives where, who is on which list and which lists an address is on are read from the files of the landing; clinical
facts are those of `person` and `person_event`, which tests of their own hold against other oracles. Written from what
the files of models and docs/HOUSEHOLDS.md say, without the SQL of `phm_utils.measures`.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd
import yaml
from cohort_oracle import World, inside, judge
from some_tables import REPOSITORY, Quiet

from phm_utils.batch.batch import Batch
from phm_utils.batch.plan import Plan
from phm_utils.batch.route import route_of
from phm_utils.batch.run import locked_folder
from phm_utils.batch.stage_steps import run_stages
from phm_utils.params import Workbook
from phm_utils.runs import Store

MODELS = sorted(path.stem for path in (REPOSITORY / "parameters" / "vulnerability").glob("*.yml"))
BANDS = ("high", "medium", "lower", "none")


def run_of(workbook: Workbook, last: str) -> Store:
    """The store of a run with the stages that the stage `last` needs, and with that one."""
    route = route_of(workbook.data)
    chosen, wanted = [], set()
    for stage in reversed(route.stages):
        if stage.name == last or wanted & set(stage.makes):
            chosen.insert(0, stage)
            wanted |= set(stage.reads)
    with locked_folder(Path(workbook.outputs) / workbook.name) as folder:
        batch = Batch(workbook, route, Plan({}, (), ()), folder, Quiet())
        batch.open_temp()
        try:
            problem = run_stages(batch, [step for stage in chosen for step in stage.steps(workbook)])
        finally:
            batch.close_temp()
        if problem is not None:
            raise problem
    return batch.store


def tables_of(store: Store, *names: str) -> dict[str, pd.DataFrame]:
    with duckdb.connect() as con:
        store.register_some(con, names)
        return {name: con.execute(f"SELECT * FROM {name}").df() for name in names}


def landed(landing: Path, table: str) -> pd.DataFrame:
    """A table of the landing as it came; days that cannot be read are missing."""
    [found] = [path for path in landing.iterdir() if path.stem == table]
    files = sorted(found.glob("*.parquet")) if found.is_dir() else [found]
    frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    days = {name for name in frame if name in ("birth_month", "registered_from", "registered_to", "list_date")}
    return frame.assign(**{name: pd.to_datetime(frame[name], errors="coerce", format="%Y-%m-%d") for name in days})


@dataclass(frozen=True)
class Landed:
    """What the landing says of those who are registered on a day: `person_no` and `person_id` of each are given."""

    landing: Path
    day: pd.Timestamp
    numbers: pd.Series  # person_no, by person_id

    @cached_property
    def residents(self) -> pd.DataFrame:
        """One row per person registered on the day and alive, by pseudonym: that of the registration that is open.

        size: how many are registered at the address, those too whom the run leaves out: of a practice that fell silent.
        """
        rows = landed(self.landing, "gp_registration")
        areas = rows.groupby("household_token")["lsoa"].transform("nunique")
        rows = rows.assign(household_token=rows["household_token"].where(~(areas > 3)))  # the key of no address at all
        died = landed(self.landing, "death")
        gone = died.loc[pd.to_datetime(died["date_of_death"], errors="coerce") <= self.day, "token_person_id"]
        opted_out = rows.loc[rows["type_1_opt_out"], "token_person_id"]  # whoever did is in no run
        open_now = (rows["registered_from"] <= self.day) & ~(rows["registered_to"] < self.day)
        rows = rows[open_now & ~rows["token_person_id"].isin([*gone, *opted_out])]
        rows = rows.sort_values(["registered_from", "registration_id"]).groupby("token_person_id").last()
        return rows.assign(size=rows.groupby("household_token")["lsoa"].transform("size"))

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row per person of the run, by `person_no`: address and its size, small area, practice, age."""
        rows = self.residents.loc[self.numbers.index]
        months = 12 * (self.day.year - rows["birth_month"].dt.year) + self.day.month - rows["birth_month"].dt.month
        return (
            rows.assign(age=months // 12, person_no=self.numbers)
            .reset_index(names="token_person_id")
            .set_index("person_no")
            .sort_index()
        )

    @cached_property
    def listed(self) -> pd.DataFrame:
        """One row per person and row of a list of people: the pseudonym is theirs, and sex or month of birth agrees."""
        rows = landed(self.landing, "partner_list")
        rows = rows[rows["list_date"] <= self.day]
        mine = self.people.reset_index()[["person_no", "token_person_id", "sex", "birth_month"]]
        found = rows.merge(mine, on="token_person_id", suffixes=("", "_gp"))
        other_sex = found["sex"].notna() & (found["sex"] != found["sex_gp"])
        other_birth = found["birth_month"].notna() & (found["birth_month"] != found["birth_month_gp"])
        found = found[~(other_sex & other_birth)]
        return found.rename(columns={"list_name": "code", "list_date": "day"})[["person_no", "code", "day"]]

    @cached_property
    def at_listed_addresses(self) -> pd.DataFrame:
        """One row per person and row of a list of addresses that is of a person's address that no strangers share."""
        rows = landed(self.landing, "address_list")
        rows = rows[(rows["list_date"] <= self.day) & rows["household_token"].notna()]
        people = self.people.reset_index()
        shared = people.groupby("household_token")["lsoa"].transform("nunique").gt(1) & (people["size"] < 11)
        found = rows.merge(people.loc[~shared, ["person_no", "household_token"]], on="household_token")
        value = found["value"].where(found["value"].isna(), "/" + found["value"]).fillna("")
        return found.assign(code=found["list_name"] + value, day=found["list_date"])[["person_no", "code", "day"]]

    def world(self, person: pd.DataFrame, events: pd.DataFrame, concepts: pd.DataFrame) -> World:
        """The tables that rules are asked of: the clinical ones as they are, lists and addresses from the landing."""
        own = self.people.reindex(person["person_no"])
        person = person.assign(
            age=own["age"].to_numpy(),
            household_token=own["household_token"].to_numpy(),
            household_size=own["size"].astype("Float64").to_numpy(),
        )
        clinical = events[~events["concept"].isin(["partner_list", "address_list"])]
        lists = [
            self.listed.assign(concept="partner_list"),
            self.at_listed_addresses.assign(concept="address_list"),
        ]
        return World(person, pd.concat([clinical, *lists], ignore_index=True), concepts, self.day)


@dataclass(frozen=True)
class Expected:
    """A model, worked out: what its stage should have made."""

    name: str
    landed: Landed
    world: World

    @cached_property
    def written(self) -> dict:
        return yaml.safe_load(
            (REPOSITORY / "parameters" / "vulnerability" / f"{self.name}.yml").read_text(encoding="utf-8")
        )

    @cached_property
    def records(self) -> list[tuple[str, dict]]:
        """Each record of the model's domains, in their order."""
        domains = yaml.safe_load((REPOSITORY / "parameters" / "social_domains.yml").read_text(encoding="utf-8"))
        return [(name, record) for name in self.written["domains"] for record in domains[name]["records"]]

    def _holds(self, rule: dict) -> pd.Series:
        return judge(rule, self.world).fillna(False).astype(bool)

    @cached_property
    def person(self) -> pd.DataFrame:
        """One row per person: home, household, band as its place, on the official list, number of domains."""
        band = pd.Series(3, index=self.world.people)
        for place in (2, 1, 0):
            band[self._holds(self.written["bands"][BANDS[place]]["rule"])] = place
        official = self.written.get("official_list")
        on_list = self._holds(official["rule"]) if official else pd.Series(False, index=band.index)
        frame = pd.DataFrame({"band": band, "on_list": on_list}).join(self.homes)
        return frame.assign(domains=self._domains(frame["household_no"]))

    @cached_property
    def homes(self) -> pd.DataFrame:
        own = self.landed.people.loc[self.world.people]
        areas = own.groupby("household_token")["lsoa"].transform("nunique")
        home = pd.Series("household", index=own.index)
        home[areas > 1] = "in doubt"
        home[own["size"] >= 11] = "communal"
        home[own["household_token"].isna()] = "no address"
        lowest = own.reset_index().groupby("household_token")["person_no"].min()
        number = own["household_token"].map(lowest).where(home == "household")
        return pd.DataFrame({"home": home, "household_no": number})

    @cached_property
    def facts(self) -> pd.DataFrame:
        """One row per person and record that holds, with the day of its newest record."""
        parts = []
        for number, (domain, record) in enumerate(self.records):
            holds = self._holds(record["rule"])
            days = self._days(record["rule"])[holds]
            about = {"attaches": record["attaches"], "source": record["rule"]["says"]}
            frame = pd.DataFrame({"person_no": days.index, "day": days.to_numpy()})
            parts.append(frame.assign(domain=domain, record=number, **about))
        found = pd.concat(parts, ignore_index=True)
        return found.assign(household_no=found["person_no"].map(self.homes["household_no"]))

    def _days(self, rule: dict) -> pd.Series:
        """The newest record in the rule's window; the day itself for what is true of that day."""
        found = pd.Series(self.landed.day, index=self.world.people)
        for concept, key in (("partner_list", "list"), ("address_list", "address")):
            if key in rule:
                names = [rule[key]] if isinstance(rule[key], str) else rule[key]
                rows, _, _ = inside([concept], rule.get("within"), self.world)
                meant = rows["code"].isin(names) | rows["code"].str.split("/").str[0].isin(names)
                return rows[meant].groupby("person_no")["day"].max().reindex(found.index)
        if rule.get("column") in self.world.by_concept:
            events = self.world.by_concept[rule["column"]]
            return events.groupby("person_no")["day"].max().reindex(found.index).fillna(self.landed.day)
        return found

    def _domains(self, household: pd.Series) -> pd.Series:
        """Of each person: own domains, and of the household's people those of records that attach to the household."""
        own = self.facts[["person_no", "domain"]]
        shared = self.facts[(self.facts["attaches"] == "household") & self.facts["household_no"].notna()]
        home = household.dropna().rename_axis("person_no").reset_index()
        of_home = home.merge(shared[["household_no", "domain"]], on="household_no")[["person_no", "domain"]]
        both = pd.concat([own, of_home]).drop_duplicates()
        return both.groupby("person_no").size().reindex(household.index).fillna(0).astype(int)

    @cached_property
    def household(self) -> pd.DataFrame:
        """One row per household, by its number."""
        own = self.landed.people.loc[self.world.people, ["age", "lsoa", "practice_code", "size"]]
        rows = self.person.join(own).dropna(subset="household_no")
        frame = rows.groupby("household_no").agg(
            people=("size", "max"),
            children=("age", lambda age: (age < 18).sum()),
            people_70_over=("age", lambda age: (age >= 70).sum()),
            band=("band", "min"),
            on_list=("on_list", "max"),
            lsoa=("lsoa", "min"),
            practice_code=("practice_code", lambda code: code.mode().min()),
        )
        facts = self.facts.dropna(subset="household_no").groupby("household_no")
        frame["domains"] = facts["domain"].nunique().reindex(frame.index).fillna(0).astype(int)
        frame["newest"] = facts["day"].max().reindex(frame.index)
        frame["alone_70"] = (frame["people"] == 1) & (frame["people_70_over"] == 1)
        frame["kind"] = [kind(row) for row in frame.itertuples()]
        return frame


def kind(home) -> str:
    if home.people == 1:
        return "One person of 70 or over" if home.people_70_over else "One person under 70"
    if home.people_70_over == home.people:
        return "Two or more, all of 70 or over"
    if home.children:
        return "With children"
    return "Other, with somebody of 70 or over" if home.people_70_over else "Other, all under 70"


def expected(name: str, landing: Path, store: Store, index_date: str) -> Expected:
    """A model worked out of a landing, with the clinical facts of a run."""
    tables = tables_of(store, "person", "person_event", "event_concept")
    numbers = tables["person"].set_index("person_id")["person_no"]
    found = Landed(landing, pd.Timestamp(index_date), numbers)
    return Expected(name, found, found.world(tables["person"], tables["person_event"], tables["event_concept"]))
