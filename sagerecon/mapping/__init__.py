"""Stage: YAML text to a compiled mapping; a source record to drafts of Sage entities."""
