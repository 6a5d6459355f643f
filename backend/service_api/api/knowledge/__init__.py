"""The routes that a dataset key opens."""
