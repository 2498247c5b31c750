"""Stage: compare Sage's published API documents with the catalog."""
