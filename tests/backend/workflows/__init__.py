"""Workflows and chatflows over HTTP, executed by a real worker."""
