"""Users, workspaces, roles, keys and the audit log."""
