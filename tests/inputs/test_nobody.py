"""A pseudonym that many unlike people share is nobody's; one that a mistyped birth shares is still a person's."""

import hashlib

import pytest

NOTHING = hashlib.sha256(b"").hexdigest()


def registrations(small, rows, *people):
    """Registrations, each of a pseudonym, a month of birth and a small area."""
    small.put("area", *[rows["area"] | {"lsoa": f"E0199900{n}"} for n in range(1, 9)])
    small.put("gp_registration", *[
        rows["gp_registration"] | {"registration_id": f"r{i}", "token_person_id": token, "birth_month": birth,
                                   "lsoa": f"E0199900{i % 8 + 1}", "household_token": house}
        for i, (token, birth, house) in enumerate(people)
    ])  # fmt: skip
    return small


def test_a_pseudonym_with_many_births_is_nobodys(small, rows):
    shared = [("t", f"19{50 + i}-01-01", f"h{i}") for i in range(4)]
    store = registrations(small, rows, *shared, ("mine", "1970-01-01", "h")).checked()
    kept = store.read("gp_registration").set_index("registration_id")
    assert kept["token_person_id"].dropna().tolist() == ["mine"]
    assert set(kept["nulled_fields"].dropna()) == {"token_person_id:shared by unlike people"}


def test_a_mistyped_birth_leaves_the_pseudonym(small, rows):
    people = [("t", "1950-01-01", "h"), ("t", "1950-10-01", "h"), ("t", "1905-01-01", "h")]
    assert registrations(small, rows, *people).checked().read("gp_registration")["token_person_id"].notna().all()


def test_an_address_in_many_small_areas_is_nobodys(small, rows):
    store = registrations(small, rows, *[(f"t{i}", "1950-01-01", "same") for i in range(5)]).checked()
    assert store.read("gp_registration")["household_token"].isna().all()


@pytest.mark.parametrize("hashed", [NOTHING, NOTHING.upper(), hashlib.md5(b"NULL").hexdigest()])
def test_the_hash_of_nothing_is_nobodys_however_few_have_it(small, rows, hashed):
    registrations(small, rows, (hashed, "1950-01-01", "h"), ("mine", "1970-01-01", "h"))
    small.put("gp_event", rows["gp_event"] | {"token_person_id": hashed}, rows["gp_event"] | {"event_id": "e2"})
    store = small.checked()
    assert store.read("gp_registration")["token_person_id"].dropna().tolist() == ["mine"]
    assert store.read("gp_event")["token_person_id"].isna().tolist() == [True, False]
