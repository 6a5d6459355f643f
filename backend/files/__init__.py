"""Uploaded files and who owns them."""
