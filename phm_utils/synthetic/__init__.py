"""A simulated ICS with known truth: extracts that behave like the real ones, and what lies behind them."""

from phm_utils.synthetic.ics import simulate

__all__ = ["simulate"]
