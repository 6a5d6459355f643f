"""Settings, entry points and the wiring of libraries to Django."""
