"""Sensitive records and contact preferences: planted shares, alike in every registration of a person, in both forms."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from phm_utils.synthetic.contact_notes import EASY_READ, SENSITIVE_SHARE, make_contact_notes
from phm_utils.synthetic.draws import NULL, stream
from phm_utils.tables import CONTACT_PREFERENCES


def test_a_few_in_a_thousand_records_are_sensitive(network):
    flagged = network.notes.sensitive[network.people.registered]
    assert flagged.mean() == pytest.approx(SENSITIVE_SHARE, abs=0.001)  # 30,000 people: standard error 0.0003


def test_old_people_prefer_letters_and_telephone_and_young_ones_text_messages(network):
    age, preference = network.people.age, network.notes.preference
    text, letter = (preference == CONTACT_PREFERENCES.index(word) for word in ("text message", "letter"))
    assert text[(age >= 18) & (age < 30)].mean() > 0.12 > 0.06 > text[age >= 80].mean()
    assert letter[age >= 80].mean() > 0.15 > 0.05 > letter[(age >= 18) & (age < 30)].mean()
    assert (preference != NULL).mean() < 0.5  # of most people no preference is noted


def test_easy_read_is_of_people_with_a_learning_disability_alone(network):
    has, easy = (
        network.health.of("learning_disability"),
        network.notes.preference == CONTACT_PREFERENCES.index("easy read"),
    )
    assert not easy[~has].any()
    assert easy[has].mean() == pytest.approx(EASY_READ, abs=0.15)


def test_notes_are_drawn_from_numbers_of_their_own(network):
    again = make_contact_notes(stream(11, 1, "contact_notes"), network.people, network.health)
    assert np.array_equal(again.preference, network.notes.preference)
    other = make_contact_notes(stream(12, 1, "contact_notes"), network.people, network.health)
    assert not np.array_equal(other.sensitive, network.notes.sensitive)


def test_every_registration_of_a_person_says_the_same_in_both_forms_and_as_the_truth_does(tiny):
    notes = "sensitive, contact_preference"
    truth = f"SELECT person, token_person_id, nhs_number, {notes} FROM '{tiny}/truth/person/*.parquet'"
    found = {
        form: duckdb.sql(
            f"SELECT person, t.sensitive = g.sensitive AND t.contact_preference IS NOT DISTINCT FROM "
            f"g.contact_preference AS same FROM '{tiny}/{form}/gp_registration/*.parquet' AS g "
            f"JOIN ({truth}) AS t USING ({key})"
        ).df()
        for form, key in (("pseudonymised", "token_person_id"), ("identified", "nhs_number"))
    }
    assert all(len(frame) > 800 and frame["same"].all() for frame in found.values())
    assert pd.Series(found["pseudonymised"]["person"]).duplicated().any()  # some changed practice
