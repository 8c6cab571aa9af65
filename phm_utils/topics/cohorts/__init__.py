"""Who could be offered something together, and how many they are: 03_cohorts."""
