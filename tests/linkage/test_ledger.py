"""A person keeps their root when identifiers come, go and are corrected, and no two people ever share one."""

import random
from itertools import count

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError, StepFailed
from phm_utils.linkage import ledger
from phm_utils.privacy import vault

KEY = bytes(range(32))
IDENTITY = {
    "identity_id": "BIGINT", "source": "VARCHAR", "first_id": "VARCHAR", "nhs": "VARCHAR", "given": "VARCHAR",
    "family": "VARCHAR", "born": "DATE", "place": "VARCHAR", "known_sex": "VARCHAR",
}  # fmt: skip
MARY = {"given": "MARY", "family": "OBRIEN", "born": "1980-05-17", "place": "ZA11AA", "known_sex": "2"}
UNA = {"given": "UNA", "family": "WALKER", "born": "1991-02-03", "place": "ZA22BB", "known_sex": "2"}
ONE, TWO, THREE = "9990000018", "9990000026", "9990000034"


def linked(con, people):
    """What the linkage leaves behind: `people` has a list of identities for each person."""
    number = count(1)
    usual = {"source": "gp_registration", "contradicted": False, "thin": False}
    rows = [
        {**usual, **identity, "person": person, "identity_id": next(number)}
        for person, identities in people.items()
        for identity in identities
    ]
    rows = [{"first_id": f"R{row['identity_id']}", **row} for row in rows]
    frame = pd.DataFrame(rows, columns=[*IDENTITY, "person", "contradicted", "thin"]).astype(object)
    con.register("_rows", frame.where(frame.notna(), None))
    typed = ", ".join(f"{column}::{type_} AS {column}" for column, type_ in IDENTITY.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE identity AS SELECT {typed} FROM _rows")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE person_of AS SELECT identity_id::BIGINT AS identity_id, source, person, "
        "contradicted::BOOLEAN AS contradicted, thin::BOOLEAN AS thin FROM _rows"
    )
    con.unregister("_rows")
    records = [
        (row["source"], record, row["identity_id"], f"{row['source']}|{record}" if row["thin"] else row["person"])
        for row in rows
        for record in row.get("records", [row["first_id"]])
    ]
    columns = "source VARCHAR, record_id VARCHAR, identity_id BIGINT, person VARCHAR"
    con.execute(f"CREATE OR REPLACE TEMP TABLE person_of_record ({columns})")
    con.executemany("INSERT INTO person_of_record VALUES (?, ?, ?, ?)", records)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault" / "ledger"


@pytest.fixture
def run(con, path):
    """One linkage with the ledger: the root of each person. The ledger is saved, as `phm link` does."""

    def once(**people):
        linked(con, people)
        ledger.assign_roots(con, path, KEY)
        ledger.save_ledger(con, path, KEY)
        return roots(con)

    return once


def roots(con):
    return dict(con.execute("SELECT person, root FROM root_of").fetchall())


def changes(con):
    return set(con.execute("SELECT old_root, new_root, why FROM root_change").fetchall())


def content(path):
    rows = vault.read_table(path, KEY, ledger.CONTENT).to_pylist()
    return sorted(tuple(str(value) for value in row.values()) for row in rows)


def of(person=MARY, **changed):
    return {**person, **changed}


def test_a_number_that_arrives_later_changes_nothing(run, con):
    before = run(mary=[of()])
    assert run(mary=[of(nhs=ONE)]) == before
    assert changes(con) == set()
    # From now on the number knows her too, under another name and at another address.
    assert run(mary=[of(nhs=ONE, family="WALKER", place="ZA99ZZ")]) == before


def test_a_person_who_moves_and_gets_a_number_at_once_is_known_by_an_older_record(run):
    before = run(mary=[of()])
    old_record = of(source="ecds_attendance")
    assert run(mary=[of(nhs=ONE, place="ZA99ZZ"), old_record]) == before


def test_a_number_alone_makes_nobody_known(run):
    before = run(mary=[of(nhs=ONE)])
    now = run(una=[of(UNA, nhs=ONE)], mary=[of(nhs=TWO)])  # the number was Una's all along
    assert now["mary"] == before["mary"] != now["una"]
    assert run(una=[of(UNA, nhs=ONE)]) == {"una": now["una"]}
    assert run(mary=[of(nhs=TWO)]) == before


def test_a_number_follows_its_holder_who_moves_rather_than_the_old_address(run, con):
    before = run(mary=[of(nhs=ONE), of(source="ecds_attendance")])
    now = run(mary=[of(nhs=ONE, place="ZA99ZZ")], left=[of(source="ecds_attendance")])
    assert now["mary"] == before["mary"] != now["left"]
    assert changes(con) == {(before["mary"], now["left"], "divided")}


def test_a_corrected_number_or_date_of_birth_keeps_the_person(run):
    before = run(mary=[of(nhs=ONE)])
    assert run(mary=[of(nhs=TWO)]) == before
    assert run(mary=[of(nhs=TWO, born="1980-05-11", place="ZA99ZZ")]) == before  # number and names
    assert run(mary=[of(nhs=TWO, born="1980-05-11", given="MARIE", place=None)]) == before  # number and date


def test_two_found_to_be_one_keep_the_root_of_the_stronger_evidence(run, con):
    before = run(known=[of(UNA, nhs=ONE)], described=[of()])
    now = run(one=[of(UNA, nhs=ONE), of()])
    assert now["one"] == before["known"]
    assert changes(con) == {(before["described"], before["known"], "merged")}
    # And for good: later runs still say so, and her description alone is enough.
    assert run(one=[of()]) == now
    assert changes(con) == set()
    replaced = con.execute("SELECT old_root, new_root FROM root_replaced").fetchall()
    assert replaced == [(before["described"], before["known"])]


def test_of_two_equally_strong_the_older_root_stays(run):
    first = run(mary=[of(nhs=TWO)])
    run(una=[of(UNA, nhs=ONE)])
    assert run(one=[of(nhs=TWO), of(UNA, nhs=ONE)]) == {"one": first["mary"]}


def test_the_older_root_stays_even_if_its_number_came_later(run):
    many = [f"{year}-01-01" for year in range(1950, 1958)]  # so that none of it is chance
    first = run(**{f"mary{b}": [of(born=b)] for b in many})
    run(**{f"una{b}": [of(UNA, born=b, nhs=f"91{b[:4]}0000")] for b in many})
    run(**{f"mary{b}": [of(born=b, nhs=f"92{b[:4]}0000")] for b in many})
    both = {f"mary{b}": [of(born=b, nhs=f"92{b[:4]}0000"), of(UNA, born=b, nhs=f"91{b[:4]}0000")] for b in many}
    assert run(**both) == first


def test_a_part_that_joins_somebody_else_replaces_nobody(run, con):
    # Mary, with her number, is not in the second run; a record of her description is counted as Una's.
    before = run(mary=[of(nhs=TWO), of(source="ecds_attendance")], una=[of(UNA, nhs=ONE)])
    now = run(una=[of(UNA, nhs=ONE), of(source="ecds_attendance")])
    assert now["una"] == before["una"]
    assert changes(con) == {(before["mary"], before["una"], "divided")}
    assert run(mary=[of(nhs=TWO)])["mary"] == before["mary"]


def test_one_found_to_be_two_leaves_the_root_with_the_stronger_evidence(run, con):
    before = run(one=[of(nhs=ONE), of(UNA)])
    now = run(mary=[of(nhs=ONE)], una=[of(UNA)])
    assert now["mary"] == before["one"] != now["una"]
    assert changes(con) == {(before["one"], now["una"], "divided")}
    assert run(mary=[of(nhs=ONE)], una=[of(UNA)]) == now


def test_a_merger_that_is_undone_gives_the_second_a_new_root(run, con):
    # Her old one was replaced: whoever followed that replacement must not meet it again.
    before = run(mary=[of(nhs=ONE)], una=[of(UNA)])
    run(one=[of(nhs=ONE), of(UNA)])
    now = run(mary=[of(nhs=ONE)], una=[of(UNA)])
    assert now["mary"] == before["mary"]
    assert now["una"] not in set(before.values())


def test_a_merger_that_is_undone_leaves_the_root_with_those_who_had_it(run):
    many = [f"{year}-01-01" for year in range(1950, 1958)]
    mary = {b: of(born=b, nhs=f"92{b[:4]}0000") for b in many}
    una = {b: of(UNA, born=b, nhs=f"91{b[:4]}0000") for b in many}
    first = run(**{f"mary{b}": [mary[b]] for b in many})
    run(**{f"mary{b}": [mary[b], una[b]] for b in many})
    now = run(**{f"mary{b}": [mary[b]] for b in many}, **{f"una{b}": [una[b]] for b in many})
    assert {person: now[person] for person in first} == first


def test_a_person_whose_parts_are_two_others_is_replaced_by_neither(run, con):
    before = run(three=[of(), of(place="ZA33CC")], mary=[of(nhs=ONE, place=None)], una=[of(UNA, nhs=TWO)])
    run(mary=[of(nhs=ONE)], una=[of(UNA, nhs=TWO), of(place="ZA33CC")])
    assert changes(con) == {(before["three"], before[who], "divided") for who in ("mary", "una")}


def test_parts_exchanged_between_two_people(run, con):
    before = run(mary=[of(nhs=ONE), of(place="ZA33CC")], una=[of(UNA)])
    now = run(mary=[of(nhs=ONE)], una=[of(UNA), of(place="ZA33CC")])
    assert now == before
    assert changes(con) == {(before["mary"], before["una"], "divided")}


def test_namesakes_are_known_by_their_numbers_alone(run, con):
    before = run(mary=[of()])
    now = run(first=[of(nhs=ONE)], second=[of(nhs=TWO)])  # one description, two people: which was Mary?
    assert before["mary"] not in now.values()
    assert changes(con) == {(before["mary"], None, "shared")}
    assert run(second=[of(nhs=TWO)], first=[of(nhs=ONE)]) == now
    # When one of them has left, the description is the other's.
    run(first=[of(nhs=ONE)])
    assert run(again=[of()]) == {"again": now["first"]}


def test_a_twin_with_the_others_number_does_not_take_it(run):
    twin = of(given="MARTHA")
    before = run(mary=[of(nhs=ONE)], martha=[twin, of(twin, nhs=ONE, source="ecds_attendance")])
    assert run(mary=[of(nhs=ONE, place="ZA99ZZ")], martha=[twin]) == before


def test_a_contradicted_number_is_no_evidence(run):
    before = run(mary=[of()], una=[of(UNA, nhs=ONE, contradicted=True)])
    now = run(mary=[of(nhs=ONE)], una=[of(UNA)])
    assert now == before


def test_two_people_with_one_number_and_no_gp_are_known_by_description(run):
    source = {"source": "partner_list", "nhs": ONE}
    before = run(mary=[of(**source)], una=[of(UNA, **source)])
    assert len(set(before.values())) == 2
    assert run(una=[of(UNA, **source)], mary=[of(**source)]) == before


def test_records_without_anything_are_known_by_themselves(run):
    nobody = dict.fromkeys(("given", "family", "born", "place", "known_sex"))
    before = run(a=[of(nobody, source="partner_list", first_id="P1")], b=[of(nobody, first_id="P1")])
    assert len(set(before.values())) == 2
    now = run(
        b=[of(nobody, first_id="P1")],
        c=[of(nobody, first_id="P2")],
        a=[of(nobody, source="partner_list", first_id="P1")],
    )
    assert {"a": now["a"], "b": now["b"]} == before
    assert now["c"] not in before.values()


def test_records_too_thin_to_be_one_person_are_each_their_own(run):
    nobody = dict.fromkeys(("given", "family", "born", "place", "known_sex"))
    thin = of(nobody, source="partner_list", first_id="P1", thin=True)
    before = run(a=[{**thin, "records": ["P1", "P2"]}], mary=[of()])
    assert set(before) == {"partner_list|P1", "partner_list|P2", "mary"}
    assert len(set(before.values())) == 3
    now = run(mary=[of()], a=[{**thin, "records": ["P2", "P3", "P1"]}])
    assert {person: now[person] for person in before} == before


def test_a_new_root_is_never_one_that_was_anybodys(run):
    # Her number gave the root; it is Una's now, who is new: the root that it would give is taken.
    before = run(mary=[of(nhs=ONE)])
    now = run(mary=[of()], una=[of(UNA, nhs=ONE)])
    assert now["mary"] == before["mary"] != now["una"]


def test_without_a_ledger_the_roots_are_those_of_a_first_run(run, con, path):
    people = {"mary": [of(nhs=ONE), of()], "una": [of(UNA)], "three": [of(UNA, nhs=THREE, place=None)]}
    first = run(**people)
    ledger.assign_roots(con, None, KEY)
    assert roots(con) == first
    assert changes(con) == set()
    ledger.assign_roots(con, None, KEY[::-1])
    assert not set(roots(con).values()) & set(first.values())


def test_the_gps_number_gives_the_root_whatever_else_is_known(con):
    linked(con, {"mary": [of(nhs=TWO)]})
    ledger.assign_roots(con, None, KEY)
    before = roots(con)
    linked(con, {"mary": [of(nhs=ONE, source="op_attendance"), of(nhs=TWO, family="WALKER", born="1980-05-11")]})
    ledger.assign_roots(con, None, KEY)
    assert roots(con) == before
    ledger.assign_roots(con, None, KEY, spine="op_attendance")
    assert roots(con) != before


def test_a_second_run_on_the_same_data_writes_nothing(run, path):
    people = {"mary": [of(nhs=ONE), of()], "una": [of(UNA)]}
    first = run(**people)
    stamp = vault.stamp(path)
    assert run(**people) == first
    assert vault.stamp(path) == stamp


def test_what_the_ledger_holds_by_hand(run, path):
    # Mary: the root; number and birth, description, number and names. All of the first run.
    [root] = run(mary=[of(nhs=ONE)]).values()
    rows = content(path)
    assert sorted(row[1:] for row in rows) == [(str(rank), root, "1", "1") for rank in (0, 1, 2, 3)]
    assert {row[0] for row in rows if row[1] == "0"} == {root}
    assert not any(ONE in value or "OBRIEN" in value for row in rows for value in row)


def test_order_of_rows_and_threads_make_no_difference(path, tmp_path):
    shuffle = random.Random(5)
    births = [f"19{n:02d}-01-01" for n in range(10, 90)]
    runs = []
    for turn in range(3):
        identities = [of(born=b, nhs=f"99{n % 70:08d}", place=f"ZA{n % 9}") for n, b in enumerate(births * 3)]
        runs.append({f"p{turn}{n}": identities[n::60] for n in range(60)})
        shuffle.shuffle(births)
    ledgers = []
    for threads in (1, 4):
        kept = tmp_path / f"ledger{threads}"
        with duckdb.connect(config={"threads": threads}) as con:
            for people in runs:
                mixed = {person: shuffle.sample(people[person], len(people[person])) for person in people}
                mixed = {person: mixed[person] for person in shuffle.sample(list(mixed), len(mixed))}
                linked(con, {p: [{**i, "first_id": str(sorted(i.items()))} for i in mixed[p]] for p in mixed})
                ledger.assign_roots(con, kept, KEY)
                ledger.save_ledger(con, kept, KEY)
        ledgers.append(content(kept))
    assert ledgers[0] == ledgers[1]


def test_an_interrupted_run_changes_nothing(run, con, path):
    before = run(mary=[of()])
    kept = content(path)
    linked(con, {"mary": [of(nhs=ONE)], "una": [of(UNA)]})
    ledger.assign_roots(con, path, KEY)  # and the run ends here
    interrupted = roots(con)
    assert content(path) == kept
    assert run(mary=[of(nhs=ONE)], una=[of(UNA)]) == interrupted
    assert interrupted["mary"] == before["mary"]


def test_two_runs_at_once_do_not_lose_each_others_people(run, con, path):
    run(mary=[of()])
    linked(con, {"una": [of(UNA)]})
    ledger.assign_roots(con, path, KEY)
    with duckdb.connect() as other:
        linked(other, {"zoe": [of(given="ZOE")]})
        ledger.assign_roots(other, path, KEY)
        ledger.save_ledger(other, path, KEY)
    with pytest.raises(StepFailed, match="Another run changed"):
        ledger.save_ledger(con, path, KEY)


def test_a_ledger_that_cannot_be_saved_is_an_error(con, path, monkeypatch):
    linked(con, {"mary": [of()]})
    ledger.assign_roots(con, path, KEY)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault, "write_table", full)
    with pytest.raises(StepFailed, match=r"not the ledger .* \(No space left on device\)"):
        ledger.save_ledger(con, path, KEY)
    assert not path.exists()


def test_another_key_or_a_damaged_ledger_is_refused(run, con, path):
    run(mary=[of()])
    with pytest.raises(InputError, match="was locked with the key"):
        ledger.assign_roots(con, path, KEY[::-1])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="changed since it was written"):
        ledger.assign_roots(con, path, KEY)


def test_a_person_without_a_root_reaches_no_landing(con):
    linked(con, {"mary": [of()]})
    con.execute("UPDATE person_of SET person = NULL")
    with pytest.raises(StepFailed, match="each person a unique root"):
        ledger.assign_roots(con, None, KEY)


def test_the_tally_counts_people_and_changes(run, con):
    run(known=[of(UNA, nhs=ONE)], described=[of()])
    run(one=[of(UNA, nhs=ONE), of()], new=[of(given="ZOE")])
    assert ledger.root_counts(con) == {
        "people": 2, "known": 1, "runs before": 1, "merged": 1, "divided": 0, "shared": 0,
    }  # fmt: skip


IDENTITIES = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["gp_registration", "partner_list"]),
        "nhs": st.sampled_from([None, ONE, TWO, THREE]),
        "given": st.sampled_from(["MARY", "UNA"]),
        "family": st.just("OBRIEN"),
        "born": st.sampled_from(["1980-05-17", "1991-02-03"]),
        "place": st.sampled_from([None, "ZA11AA", "ZA22BB"]),
        "known_sex": st.just("2"),
        "contradicted": st.sampled_from([False, False, False, True]),
    }
)
# A run, in whatever way a linkage may have divided its identities among people.
RUNS = st.lists(st.tuples(IDENTITIES, st.integers(0, 5)), min_size=1, max_size=10, unique_by=lambda row: str(row[0]))


def people_of(rows):
    people = {}
    for number, (identity, person) in enumerate(rows):
        people.setdefault(f"p{person}", []).append({**identity, "first_id": f"{number}"})
    return people


def claims(people):
    """Evidence -> the people who claim it, worked out anew in Python: its rank, and what it says."""
    said = [(person, i, i["nhs"] if not i["contradicted"] else None) for person in people for i in people[person]]
    holders = {}
    for number in (ONE, TWO, THREE):
        having = {(person, i["source"]) for person, i, n in said if n == number}
        holders[number] = {p for p, source in having if source == "gp_registration"} or {p for p, _ in having}
    claimed = {}
    for person, i, number in said:
        if number and (len(holders[number]) > 1 or person in holders[number]):
            for what in ((1, number, i["born"]), (3, number, i["given"])):
                claimed.setdefault(what, set()).update(holders[number])
        if i["place"]:
            claimed.setdefault((2, i["given"], i["born"], i["place"]), set()).add(person)
    for person, i, number in said:
        described = (2, i["given"], i["born"], i["place"])
        if len(claimed.get(described, "--")) > 1 and not (number and holders[number] == {person}):
            claimed[4, i["source"], i["first_id"]] = {person}
    return claimed


def known_pairs(claimed, memory):
    """(person, root) -> the best rank of the evidence that makes the person known by that root."""
    pairs = {}
    for (rank, *_), who, root in ((e, who, memory.get(e)) for e, who in claimed.items()):
        if root and len(who) == 1:
            pair = (*who, root)
            pairs[pair] = min(rank, pairs.get(pair, rank))
    return pairs


@settings(max_examples=40)
@given(st.lists(RUNS, min_size=2, max_size=4))
def test_whatever_the_linkage_does_the_strongest_evidence_keeps_its_root_and_no_two_share_one(tmp_path_factory, runs):
    path = tmp_path_factory.mktemp("ledger") / "ledger"
    memory, ever = {}, set()  # evidence -> the root that it came to; every root ever given
    with duckdb.connect(config={"threads": 1}) as con:
        for people in map(people_of, runs):
            linked(con, people)
            ledger.assign_roots(con, path, KEY)
            ledger.save_ledger(con, path, KEY)
            now, claimed = roots(con), claims(people)
            assert sorted(now) == sorted(people)
            assert len(set(now.values())) == len(people)
            pairs = known_pairs(claimed, memory)
            holder = {root: person for person, root in now.items()}
            for (person, root), rank in pairs.items():
                # Who lost a root has a better one, or somebody with evidence as good has it.
                better = pairs.get((person, now[person]), 9) <= rank or pairs.get((holder.get(root), root), 9) <= rank
                assert now[person] == root or better
            for person in people:  # a root of old is known by evidence, any other is new to everybody
                assert (person, now[person]) in pairs or now[person] not in ever
            replaced = dict(con.execute("SELECT old_root, new_root FROM root_replaced").fetchall())
            assert not set(replaced) & set(now.values())
            memory |= {e: now[next(iter(who))] if len(who) == 1 else None for e, who in claimed.items()}
            memory = {e: replaced.get(root, root) for e, root in memory.items()}
            ever |= set(now.values())
