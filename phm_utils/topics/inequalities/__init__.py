"""Who is admitted in an emergency more than their age explains: 04_inequalities."""
