"""Carries a plan out through ports, and resumes it after any interruption."""
