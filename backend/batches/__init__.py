"""Runs of an application over a table of inputs."""
