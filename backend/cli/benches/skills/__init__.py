"""`bench skills`: what the embedded model can do with the starter adapter, and without it."""
