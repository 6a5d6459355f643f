"""Errors that a verb reports in one line before it exits."""


class CommandError(Exception):
    """The command cannot do what was asked; the message says why and what to do."""

    exit_code = 1
