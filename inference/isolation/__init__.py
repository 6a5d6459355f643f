"""The engine in a child process without network: a crash or a hang costs a restart, never a request."""
