"""The questions: one folder per report, each question's tables and its page side by side."""
