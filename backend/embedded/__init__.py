"""The services that run inside the home folder: PostgreSQL, Redis and the supervisor of every process."""
