"""Model servers and models of a workspace."""
