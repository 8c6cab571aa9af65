"""From the answer to a question to a list that somebody may have: requests, re-identification, lists, timelines."""
