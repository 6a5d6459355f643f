"""Tests of workflows and chatflows over the service API."""
