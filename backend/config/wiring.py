"""Joins libraries and Django apps; the only module that knows both sides."""

from backend.config import celery, heartbeat

__all__ = ["celery", "heartbeat", "wire"]


def wire() -> None:
    """Give the apps what they need from each other and from the libraries."""
