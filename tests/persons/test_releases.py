"""What the person table lets out: days and absences, never people."""

from released_tables import protected

from phm_utils.params import Workbook
from phm_utils.persons.coverage import RELEASES, coverage_tables


def test_days_counted_and_what_is_left_out_are_told(world):
    world.made(absent=["csds_contact"], gp_registration=[world.registered()])
    workbook = Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
    )
    released = protected(coverage_tables(world.con, workbook), RELEASES)
    days = released["activity_window"].set_index("source").loc["ecds_attendance"]
    assert (days["from_date"], days["to_date"]) == ("2024-04-01", "2025-03-31")
    left = released["person_left_out"]
    assert set(left["table_name"]) == {"csds_contact", "unit_costs"}  # no price of outpatients and planned stays
    assert "Community care contacts, 12 months" in set(left["what"])
