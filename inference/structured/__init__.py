"""Structured output: grammars that keep a model's answer valid, and close it in time."""
