"""Edge: OAuth, the one door to the API, and its wire format."""
