"""Stage: drafts, id map and call budget to a plan with order, price and calendar."""
