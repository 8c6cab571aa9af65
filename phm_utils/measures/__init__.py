"""Person-level stages that topics share: everybody's segment, and the members of each cohort."""
