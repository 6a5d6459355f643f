"""Tools that a model may call: what a tool is, how it is guarded, and those built in."""
