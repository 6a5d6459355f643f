"""The console's addresses of knowledge."""
