"""`bench serve`: peers, loads, measures and gates of the inference server."""
