"""Registers and deprivation from published figures: 04_inequalities_published."""
