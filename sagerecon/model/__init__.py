"""The values that every part uses: amounts, places, findings, records, drafts, entities, the catalog."""
