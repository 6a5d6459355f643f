"""Turning published weights into the files that the engines open."""
