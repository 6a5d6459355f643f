"""Conversations and feedback over runs."""
