"""A Sage of our own: sign-in, limits, faults and a virtual clock at the door, books behind it."""
