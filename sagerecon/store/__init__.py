"""Edge: run log, id map, call ledger, token vault and reconciliations in a database."""
