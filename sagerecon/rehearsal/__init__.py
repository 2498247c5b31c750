"""Simulate Sage in process: sign-in, limits, faults and a virtual clock in front of a business's books."""
