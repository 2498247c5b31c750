"""Stage: drafts and source figures to findings; the accounting invariants."""
