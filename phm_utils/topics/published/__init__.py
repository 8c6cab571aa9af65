"""Where a condition is recorded more than elsewhere, from published figures: 04_inequalities_published."""
