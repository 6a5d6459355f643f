"""Joins libraries and Django apps; the only module that knows both sides."""


def wire() -> None:
    """Give the apps what they need from each other and from the libraries."""
