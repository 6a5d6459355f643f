"""Runs code that users wrote in processes that reach nothing: bubblewrap, a system-call filter, limits and a clock."""
