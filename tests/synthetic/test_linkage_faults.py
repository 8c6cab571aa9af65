"""What makes the six sources hard to link: every trap is there, and every fault at about its stated rate."""

import numpy as np
import pandas as pd
import pytest

from phm_utils.synthetic import data_errors, geography
from phm_utils.synthetic.draws import NULL, stream
from phm_utils.synthetic.identity import valid_numbers
from phm_utils.synthetic.linkage.population import make_population
from phm_utils.synthetic.linkage.records import make_sheet
from phm_utils.synthetic.linkage.sources import FREQUENT_RECORDS, choose
from phm_utils.synthetic.linkage.traps import TRAPS, trap_of_records
from phm_utils.synthetic.people import BLACK, ETHNIC_CODES, SOUTH_ASIAN
from phm_utils.synthetic.rows import Dates
from phm_utils.synthetic.writing import to_arrow

SEED, PCN, REGISTERED = 11, 7, 40_000  # Foundry: two fifths of its households are of an ethnic minority
OF_EVERYBODY = ("spelling of surname", "names swapped", "date slip", "date missing", "postcode missing")
STATED = {"spelling of surname": "spelling"}
NAME_OR_DATE = ("spelling of forename", "spelling of surname", "short form", "second name used", "half a surname",
                "names swapped", "day and month swapped", "date slip", "first of January", "date filler")  # fmt: skip


@pytest.fixture(scope="module")
def population():
    return make_population(SEED, PCN, REGISTERED)


@pytest.fixture(scope="module")
def sheets(population):
    """Every source of one network; nothing is written."""
    places = geography.geography(SEED, 1).places
    return {
        source: make_sheet(stream(SEED, PCN, f"linkage {source}"), population, places, source, who)
        for source, who in choose(stream(SEED, PCN, "linkage sources"), population).items()
    }


@pytest.fixture(scope="module")
def frames(population, sheets):
    """The records as a linker sees them, and who is behind them."""
    result = {}
    for source, sheet in sheets.items():
        frame = pd.DataFrame({name: to_arrow(column).to_pandas() for name, column in sheet.columns.items()})
        trap = trap_of_records(sheet)
        frame["trap"] = [None if place == NULL else TRAPS[place] for place in trap.index]
        result[source] = frame.assign(who=sheet.who, in_gp=population.in_gp[sheet.who]).astype({"trap": object})
    return result


def white_british(population, sheet):
    return population.people.ethnicity[sheet.who] == ETHNIC_CODES.index("A")


def is_faulty(sheet, faults=NAME_OR_DATE):
    return np.logical_or.reduce([sheet.has(fault) for fault in faults])


def test_every_trap_is_there(frames):
    found = pd.concat(frames.values())["trap"].value_counts()
    assert set(found.index) == set(TRAPS)
    assert found.min() >= 5


@pytest.mark.parametrize("source", ["gp", "hospital", "voluntary"])
@pytest.mark.parametrize("fault", OF_EVERYBODY)
def test_faults_occur_at_their_stated_rates(population, sheets, source, fault):
    sheet = sheets[source]
    mine = white_british(population, sheet)
    stated = data_errors.LINKAGE[source][STATED.get(fault, fault)]
    spread = np.sqrt(stated * (1 - stated) / mine.sum())
    assert sheet.has(fault)[mine].mean() == pytest.approx(stated, abs=4.5 * spread + 0.03 * stated)


@pytest.mark.parametrize(
    ("source", "fault", "among"),
    [
        ("voluntary", "former home", lambda population, who: population.moved[who]),
        ("hospital", "former home", lambda population, who: population.moved[who]),
        ("voluntary", "second name used", lambda population, who: population.goes_by_second[who]),
    ],
)
def test_faults_of_some_people_occur_at_their_rates_among_them(population, sheets, source, fault, among):
    sheet = sheets[source]
    mine = white_british(population, sheet) & among(population, sheet.who)
    stated = data_errors.LINKAGE[source][fault]
    assert sheet.has(fault)[mine].mean() == pytest.approx(stated, abs=4.5 * np.sqrt(stated / mine.sum()))


@pytest.mark.parametrize(
    ("source", "low", "high"), [("gp", 0, 0.02), ("hospital", 0.015, 0.035), ("voluntary", 0.07, 0.11)]
)
def test_names_and_dates_are_as_faulty_as_such_sources_are(population, sheets, source, low, high):
    sheet = sheets[source]
    assert low < is_faulty(sheet)[white_british(population, sheet)].mean() < high


def test_faults_are_commoner_in_ethnic_minorities(population, sheets):
    # Observed against expected at the White British share of each source: the groups differ in age, so in sources.
    observed = expected = 0
    for sheet in sheets.values():
        faulty = is_faulty(sheet, [fault for fault in NAME_OR_DATE if fault != "short form"])
        some = population.people.is_ethnic((*SOUTH_ASIAN, *BLACK))[sheet.who]
        observed += faulty[some].sum()
        expected += some.sum() * faulty[white_british(population, sheet)].mean()
    # Planted: 1.3 times or more. Faults are few, so less than that by at most three standard errors of a count.
    assert 1.3 * expected - 3 * (1.3 * expected) ** 0.5 < observed < 2.5 * expected
    assert min(data_errors.LINKAGE_TIMES[code] for code in (*SOUTH_ASIAN, *BLACK)) >= 1.3


@pytest.mark.parametrize(
    ("source", "low", "high"),
    [
        ("gp", 0, 0.001),
        ("hospital", 0.005, 0.03),
        ("community", 0.005, 0.03),
        ("social_care", 0.4, 0.6),
        ("voluntary", 0.85, 0.95),
    ],
)
def test_numbers_are_missing_as_often_as_in_such_sources(frames, source, low, high):
    assert low <= frames[source]["nhs_number"].isna().mean() <= high


def test_wrong_numbers_are_valid_and_of_somebody_else_or_nobody(population, sheets, frames):
    sheet, frame = sheets["hospital"], frames["hospital"]
    wrong = sheet.has("another's number") & ~sheet.has("placeholder") & ~sheet.has("number slip")
    given, true = frame["nhs_number"][wrong].astype(int), population.nhs_number[sheet.who[wrong]]
    assert wrong.sum() >= 5
    assert set(given) <= set(population.nhs_number[population.resident])
    assert not (given == true).any()
    unused_numbers = frame["nhs_number"][sheet.has("nobody's number") & ~sheet.has("placeholder")].astype(int)
    assert set(unused_numbers) & set(valid_numbers(PCN))
    assert not set(unused_numbers) & set(population.nhs_number[population.resident])


def test_some_wrong_numbers_are_those_of_relatives(population, sheets, frames):
    sheet = sheets["hospital"]
    owner = dict(zip(population.nhs_number.tolist(), range(len(population)), strict=True))
    wrong = np.flatnonzero(sheet.has("another's number"))
    given = [owner.get(int(number), -1) for number in frames["hospital"]["nhs_number"].iloc[wrong]]
    relative = population.people.household[given] == population.people.household[sheet.who[wrong]]
    assert 0.15 < relative.mean() < 0.85


def test_people_without_a_gp_are_few_and_some_are_in_several_sources(population, frames):
    seen = pd.concat(frames, names=["source"]).reset_index("source").query("not in_gp")
    assert 0.005 * REGISTERED <= seen["who"].nunique() <= 0.01 * REGISTERED
    assert (seen.groupby("who")["source"].nunique() > 1).mean() > 0.1
    assert population.in_gp[frames["gp"]["who"]].all()


def test_opt_outs_are_absent_from_the_gp_and_present_elsewhere(population, frames):
    opted_out = set(np.flatnonzero(population.people.type_1 & population.resident))
    assert not opted_out & set(frames["gp"]["who"])
    elsewhere = pd.concat([frame for source, frame in frames.items() if source != "gp"])
    assert (elsewhere["trap"][elsewhere["who"].isin(opted_out)] == "not in GP extract").mean() > 0.8


def test_some_twins_and_sons_are_elsewhere_while_their_like_is_in_the_gps_file(population, frames):
    twin, father = population.relatives.twin, population.relatives.father
    absent = population.absent_relatives
    like = np.where(twin[absent] >= 0, twin[absent], father[absent])
    assert (twin[absent] >= 0).any()
    assert (father[absent] >= 0).any()
    assert population.in_gp[like].all()
    assert not population.in_gp[absent].any()
    assert set(absent) <= set(frames["community"]["who"])


def test_no_two_children_of_a_home_have_one_forename(population):
    people, names = population.people, population.names
    children = np.flatnonzero(people.child)
    pairs = np.column_stack([people.household[children], names.forename[children]])
    assert len(np.unique(pairs, axis=0)) >= len(pairs) - 2


def test_fathers_and_sons_of_one_name_share_home_and_name_but_no_birthday(population):
    people, names = population.people, population.names
    son = np.flatnonzero(population.relatives.father >= 0)
    father = population.relatives.father[son]
    assert len(son) > 20
    assert (names.forename[son] == names.forename[father]).all()
    assert (people.household[son] == people.household[father]).all()
    assert (people.birth[son] != people.birth[father]).all()


def test_namesakes_are_unrelated_with_one_name_sex_and_birthday(population):
    people, names, some = population.people, population.names, np.flatnonzero(population.relatives.namesake)
    facts = pd.DataFrame(
        {"forename": names.forename, "surname": names.surname, "sex": people.sex, "birth": people.birth}
    )
    homes = facts.assign(home=people.household).iloc[some].groupby(list(facts))["home"].nunique()
    assert len(homes) > 10
    assert (homes > 1).all()


def test_babies_are_nameless_under_their_mothers_surname_in_hospital_alone(population, sheets, frames):
    sheet, frame = sheets["hospital"], frames["hospital"]
    unnamed = sheet.has("unnamed")
    assert unnamed.sum() > 50
    assert (population.people.age[sheet.who[unnamed]] == 0).all()
    plain = unnamed & ~is_faulty(sheet) & ~sheet.has("placeholder")
    assert frame["forename"][plain].str.fullmatch(r"(BABY( BOY| GIRL)?|INFANT|TWIN (ONE|TWO|1|2))( \w+)?").all()
    assert not frames["gp"]["forename"].str.contains("Baby", case=False).any()


def test_a_few_people_have_very_many_records_in_hospital(frames):
    records = frames["hospital"]["who"].value_counts()
    many = records[records >= FREQUENT_RECORDS[0]]
    assert 1 <= len(many) <= 5
    assert frames["hospital"]["trap"].eq("frequent attender").sum() > 0
    assert frames["gp"]["who"].value_counts().max() == 2


def test_dates_are_of_the_calendar_and_none_lies_ahead(sheets):
    for sheet in sheets.values():
        column = sheet.columns["date_of_birth"]
        assert isinstance(column, Dates)
        written = pd.to_datetime(to_arrow(column).to_pandas().dropna())
        assert written.max() <= pd.Timestamp("2025-04-30")


def test_people_of_no_fixed_abode_have_its_postcode_and_no_property(frames):
    for source in ("hospital", "voluntary"):
        nowhere = frames[source]["postcode"].str.replace(" ", "").str.upper() == "ZZ993VZ"
        assert nowhere.sum() > 10
        assert frames[source]["uprn"][nowhere].isna().all()


def test_care_homes_have_forty_residents_at_one_address(frames):
    homes = frames["gp"].loc[frames["gp"]["trap"] == "care home", "uprn"].value_counts()
    assert 25 <= homes.max() <= 40


def test_charities_hold_hardly_any_property_number_and_write_names_anyhow(frames):
    voluntary, gp = frames["voluntary"], frames["gp"]
    assert voluntary["uprn"].isna().mean() > 0.95
    assert gp["uprn"].isna().mean() < 0.04
    assert voluntary["nhs_number"].str.contains(" ").sum() > 10
    assert voluntary["postcode"].str.islower().sum() > 10


def test_names_of_every_kind_are_there(population):
    surnames = population.names.surnames[population.names.surname]
    forenames = population.names.forenames[population.names.forename]
    for mark, words in (("'", surnames), ("-", surnames), ("Mc", surnames), ("ë", forenames), ("ł", forenames)):
        assert np.char.find(words, mark).max() >= 0, mark
