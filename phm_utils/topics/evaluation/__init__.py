"""The effect of a programme on attendances: 05_evaluation."""
