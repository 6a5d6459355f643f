"""From a question to ranked hits, and from hits to the passages of a prompt."""
