"""Edge: files to a typed, fingerprinted snapshot, and SQL datasets over it."""
