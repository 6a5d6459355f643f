"""The console's routes of applications."""
