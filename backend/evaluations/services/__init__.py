"""The writes of evaluations, one module for each noun."""
