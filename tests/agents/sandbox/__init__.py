"""Tests of the sandbox, as root and as an ordinary user."""
