"""Edge: read source files into a typed, fingerprinted snapshot and run SQL datasets over it."""
