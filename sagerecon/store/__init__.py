"""Edge: run log, id map, call ledger and token vault on SQLAlchemy Core."""
