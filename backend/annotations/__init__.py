"""Answers that people corrected, and replies given from them before a model is asked."""
