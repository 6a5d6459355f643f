"""The OpenAI-compatible HTTP server over the registry's engines."""
