"""Accounts over HTTP: thin translations between requests and services."""
