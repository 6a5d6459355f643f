"""What every Django app shares: scoping by workspace, errors, pages, secrets, the door for outbound HTTP."""
