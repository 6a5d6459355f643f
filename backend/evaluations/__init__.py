"""Test sets, evaluators and experiments, and the gate before publishing."""
