"""Keeps secrets out of logs: a key that slips into a message is cut before it is written."""

import logging
import re

KEY = re.compile(r"\b(pat|app|dataset|sk)-[A-Za-z0-9_\-]{8,}|(?i:bearer)\s+[A-Za-z0-9_\-.=]{8,}")


class SecretFilter(logging.Filter):
    """Replaces anything that looks like one of our keys or a bearer token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut keys out of the finished message."""
        message = record.getMessage()
        cut = KEY.sub("[key]", message)
        if cut != message:
            record.msg, record.args = cut, ()
        return True
