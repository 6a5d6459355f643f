"""The tools and node types that applications may use."""
