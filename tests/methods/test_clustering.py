"""Latent classes: planted groups are found and come back, noise gives none, order makes no difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from phm_utils.errors import InputError
from phm_utils.methods.clustering import STABLE, adjusted_rand, best_jaccard, latent_classes, stable_classes

HEART, MIND = [0.7, 0.6, 0.5, 0.02, 0.03, 0.05], [0.03, 0.02, 0.05, 0.7, 0.6, 0.5]
WELL = [0.04, 0.03, 0.05, 0.06, 0.05, 0.04]


def patterns(people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(people, axis=0, return_counts=True)


def planted(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """3,000 people who are well, 1,000 of the heart and 600 of the mind: each person's conditions and group."""
    random = np.random.default_rng(seed)
    group = np.repeat([0, 1, 2], [3_000, 1_000, 600])
    return (random.random((len(group), 6)) < np.array([WELL, HEART, MIND])[group]).astype(int), group


def test_planted_groups_are_found_with_their_sizes_and_come_back():
    people, _ = planted()
    found = stable_classes(*patterns(people), seed=7)
    assert len(found.classes.share) == 3
    assert found.classes.share == pytest.approx([3_000 / 4_600, 1_000 / 4_600, 600 / 4_600], abs=0.03)
    assert found.classes.chance[1] == pytest.approx(HEART, abs=0.08)
    assert (found.jaccard > STABLE).all()
    assert found.rand > 0.8


def test_people_are_placed_in_their_planted_group():
    people, group = planted()
    placed = stable_classes(*patterns(people), seed=7).classes.place(people)
    counts = np.zeros((3, 3))
    np.add.at(counts, (group, placed), 1)
    # Not all: who is of a group and has none of its conditions cannot be distinguished from the healthy.
    assert adjusted_rand(counts) > 0.6
    assert (counts.argmax(axis=1) == [0, 1, 2]).all()


def test_conditions_that_come_together_by_chance_alone_give_no_cluster():
    # k-means on the same kind of data finds stable clusters: it splits on the most frequent condition.
    random = np.random.default_rng(3)
    people = (random.random((5_000, 12)) < np.array([0.3, 0.2, 0.15, 0.12, 0.1, 0.08] + [0.03] * 6)).astype(int)
    found = stable_classes(*patterns(people), seed=7)
    assert found.classes is None
    assert found.tried.empty
    assert np.isnan(found.rand)


def test_the_order_of_rows_makes_no_difference():
    rows, weights = patterns(planted()[0])
    shuffled = np.random.default_rng(5).permutation(len(rows))
    one, other = stable_classes(rows, weights, seed=7), stable_classes(rows[shuffled], weights[shuffled], seed=7)
    assert (one.classes.chance == other.classes.chance).all()
    assert (one.jaccard == other.jaccard).all()
    assert one.tried.equals(other.tried)


def test_more_classes_than_there_are_do_not_come_back():
    found = stable_classes(*patterns(planted()[0]), seed=7)
    lowest = found.tried.set_index("clusters")["lowest"]
    assert lowest[3] > STABLE
    assert lowest[5] < STABLE


def test_adjusted_rand_by_hand():
    # Pairs counts in both: C(2,2) + C(2,2) + C(1,2) + C(1,2) = 2; by rows C(3,2) x 2 = 6, by columns 6; of 15 pairs.
    # Expected 6 x 6 / 15 = 2.4, most 6: (2 - 2.4) / (6 - 2.4) = -1/9.
    assert adjusted_rand(np.array([[2, 1], [1, 2]])) == pytest.approx(-1 / 9)
    assert adjusted_rand(np.diag([3, 5])) == 1
    assert adjusted_rand(np.array([[7]])) == 1


def test_jaccard_with_the_likest_cluster_by_hand():
    # First row: 8 in both of 8 + 2 + 1 in either; second: 9 of 9 + 1 + 2.
    assert best_jaccard(np.array([[8, 2], [1, 9]])) == pytest.approx([8 / 11, 9 / 12])


@settings(max_examples=50, deadline=None)
@given(arrays(np.int64, (3, 4), elements=st.integers(0, 50)))
def test_agreement_is_the_same_either_way_round_and_never_above_one(counts):
    one, other = adjusted_rand(counts.astype(float)), adjusted_rand(counts.T.astype(float))
    assert one == pytest.approx(other)
    assert one <= 1 + 1e-9
    assert ((best_jaccard(counts) >= 0) & (best_jaccard(counts) <= 1)).all()


def test_one_class_has_everybodys_shares():
    # 0.5 made-up people with and 0.5 without are added: (30 + 0.5) / (100 + 1).
    alone = latent_classes(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([30.0, 70.0]), 1, seed=0)
    assert alone.chance[0] == pytest.approx([30.5 / 101, 0.5 / 101])


@pytest.mark.parametrize(
    ("rows", "weights", "says"),
    [
        ([[0, 1], [0, 1]], [1, 1], "repeat"),
        ([[0, 2], [0, 1]], [1, 1], "0 and 1"),
        ([[0, 1], [1, 1]], [1, 0], "at least one person"),
    ],
)
def test_what_is_no_pattern_is_refused(rows, weights, says):
    with pytest.raises(InputError, match=says):
        stable_classes(np.array(rows), np.array(weights), seed=1)
