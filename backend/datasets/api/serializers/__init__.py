"""The JSON of knowledge, a module per noun."""
