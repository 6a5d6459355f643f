"""Runs of applications: events, tools, agent loops and the workflow engine. Knows no Django and no database."""
