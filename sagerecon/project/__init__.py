"""One move of one company: its file, the edges that it names, and its small state files."""
