"""One suite for every engine: what a platform may rely on, whoever computes the tokens."""
