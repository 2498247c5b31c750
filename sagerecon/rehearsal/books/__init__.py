"""The business behind the door: its records, its rules, and double entry behind every booking."""
