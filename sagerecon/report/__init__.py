"""Edge: reports of plan, run and reconciliation as HTML pages, JSON and terminal output."""
