"""The command line. Each command imports what it uses in its own body, so that none waits for another's."""
