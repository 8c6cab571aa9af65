"""Cohorts: groups of people for an offer, and their sizes: 03_cohorts."""
