"""Stage: drafts, what was written and what Sage holds to one position and one standing per record."""
