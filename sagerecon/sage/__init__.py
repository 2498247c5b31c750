"""Edge: OAuth, the client of Sage's API, and its wire format."""
