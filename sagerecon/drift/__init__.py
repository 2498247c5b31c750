"""What Sage's published documents say, held against the catalog."""
