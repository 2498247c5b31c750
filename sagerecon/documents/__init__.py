"""YAML with positions, JSON Schema checks, and the catalog read from `specs/`."""
