"""The routes of the service API, under /v1/."""
