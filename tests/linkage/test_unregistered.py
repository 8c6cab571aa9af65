"""People on nobody's list: clusters grow from the strongest pair down, and never hold two plainly different people."""

from itertools import combinations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.linkage.model import load_model
from phm_utils.linkage.unregistered import DETERMINISTIC, _clusters

MODEL = load_model()  # joined from 2 bits, with a margin of 4 over somebody else


def clusters(pairs, numbers=None, size=6):
    """Groups of the identities 1, 2, ... `size`; pairs: (a, b, bits) or (a, b, bits, 'two people')."""
    rows = [(a, b, float(bits), bool(contrary)) for a, b, bits, *contrary in pairs]
    frame = pd.DataFrame(rows, columns=["a", "b", "weight", "contrary"]).astype({"contrary": bool})
    frame = frame.sort_values(["weight", "a", "b"], ascending=[False, True, True])
    of = _clusters(list(range(1, size + 1)), numbers or {}, frame, MODEL)
    groups = {}
    for identity, cluster in of.items():
        groups.setdefault(cluster, []).append(identity)
    return sorted(group for group in groups.values() if len(group) > 1)


def test_records_of_one_person_join_through_each_other():
    assert clusters([(1, 2, 12), (2, 3, 9), (5, 6, 2)]) == [[1, 2, 3], [5, 6]]
    assert clusters([(1, 2, 1.99)]) == []


def test_two_numbers_never_meet_not_even_through_a_third_record():
    numbers = {1: "9990000018", 3: "9990000026"}
    assert clusters([(1, 2, 12), (2, 3, 11)], numbers) == [[1, 2]]
    assert clusters([(1, 2, 11), (2, 3, 12)], numbers) == [[2, 3]]


def test_twins_never_meet_not_even_through_a_third_record():
    twins = (1, 3, 8, "two people")
    assert clusters([(1, 2, 20), (2, 3, 12), twins]) == [[1, 2]]


def test_births_of_one_cluster_are_compared_even_where_no_pair_was_scored():
    strong = pd.DataFrame([(1, 2, 12.0, False), (2, 3, 11.0, False)], columns=["a", "b", "weight", "contrary"])
    known = {1: "19500203", 3: "19500912"}
    assert _clusters([1, 2, 3], {}, strong, MODEL, known) == {1: 1, 2: 1, 3: 3}
    assert _clusters([1, 2, 3], {}, strong, MODEL, known | {3: "19500302"}) == {1: 1, 2: 1, 3: 1}


def test_a_record_that_fits_two_people_nearly_alike_joins_neither():
    twins = (1, 3, 8, "two people")
    assert clusters([(1, 2, 14), (2, 3, 12), twins]) == []
    assert clusters([(1, 2, 14), (2, 3, 12)]) == [[1, 2, 3]]  # no twins: it is their common record


def test_certain_pairs_come_before_all_others_and_need_no_margin():
    twins = (1, 3, 8, "two people")
    assert clusters([(1, 2, DETERMINISTIC), (2, 3, 30), twins]) == [[1, 2]]


def test_pairs_on_which_too_little_is_known_join_nobody_and_part_nobody():
    assert clusters([(1, 2, float("nan")), (1, 3, 9), (2, 3, 9)]) == [[1, 2, 3]]
    assert clusters([(1, 2, float("nan"))]) == []


PAIRS = st.lists(
    st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(-4, 30), st.booleans())
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: pair if pair[3] else pair[:3]),
    max_size=20,
    unique_by=lambda pair: pair[:2],
)


@settings(max_examples=40)
@given(PAIRS, st.dictionaries(st.integers(1, 8), st.sampled_from(["9990000018", "9990000026", "9990000034"])))
def test_no_cluster_holds_two_numbers_or_two_who_are_plainly_two(pairs, numbers):
    found = clusters(pairs, numbers, size=8)
    apart = {pair[:2] for pair in pairs if len(pair) == 4}
    strong = [pair for pair in pairs if len(pair) == 3 and pair[2] >= 2]
    for group in found:
        assert len({numbers[i] for i in group if i in numbers}) <= 1
        assert not apart & set(combinations(group, 2))
        assert all(any(i in pair[:2] for pair in strong) for i in group)  # nobody joins without a reason
    assert sum(map(len, found)) == len({i for group in found for i in group})


@settings(max_examples=40)
@given(PAIRS, st.randoms())
def test_the_order_of_pairs_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert clusters(pairs, size=8) == clusters(shuffled, size=8)
