"""Stage: which entity in Sage belongs to which record."""
