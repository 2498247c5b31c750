"""Stage: plans a run from drafts, the id map and the call budget: its order, price and calendar."""
