"""Carries a plan out and survives any interruption."""
