"""Runs, their events, leases and the dialects they are told in."""
