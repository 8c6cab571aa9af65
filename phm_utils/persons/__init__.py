"""The person table: one row for everybody registered on the index date."""

from phm_utils.persons.persons import persons

__all__ = ["persons"]
