"""Apps to begin with: what there is to choose from, and making one's own of it."""
