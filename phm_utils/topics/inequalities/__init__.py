"""Emergency admissions and long-term conditions, age-standardised: 04_inequalities."""
