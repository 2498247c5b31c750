"""Stage: what we want Sage to hold and what it holds to verdicts, differences and tie-outs."""
