"""Segments and cohorts: who belongs together, by rule files, and the reason for each person."""

from phm_utils.cohorts.cohorts import cohorts

__all__ = ["cohorts"]
