"""The workflow engine: a validated graph, what may run next, and running it."""
