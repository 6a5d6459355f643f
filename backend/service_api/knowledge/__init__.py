"""What Dify's contract says of knowledge, in terms of ours: bodies, settings and items; the routes are in `api`."""
