"""Did a programme change how often people attend: 05_evaluation."""
