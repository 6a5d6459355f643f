"""Starter skills: what the embedded model is taught, and how: data, training, export, evaluation."""
