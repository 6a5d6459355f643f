"""Applications, drafts and versions."""
