"""`bench analytics`: a million runs in a home apart, what it takes to count them, and how long each chart takes."""
