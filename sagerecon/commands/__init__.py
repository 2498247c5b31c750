"""The commands: one module per group, one function per command."""
