"""Continuous batching: who computes which tokens in the next step. Knows no llama.cpp."""
