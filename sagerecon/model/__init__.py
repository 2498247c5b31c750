"""The ground every part stands on: money, places, findings, records, drafts, entities, the catalog."""
