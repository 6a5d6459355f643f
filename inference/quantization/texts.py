"""The text that models are measured on when none is given: Python's own reference manual, which every machine has.

It is published under the PSF licence and part of the standard library. Figures are compared within one report, where
every type reads the same text; they are no record of a model's quality elsewhere.
"""

from pydoc_data.topics import topics

SOURCE = "Python's reference manual (PSF licence), every other topic"
CALIBRATION_SOURCE = "Python's reference manual (PSF licence), the topics that are not measured on"


def held_text() -> str:
    """Return the half of the manual that is measured on."""
    return _half(0)


def calibration_text() -> str:
    """Return the other half."""
    return _half(1)


def _half(remainder: int) -> str:
    return "\n\n".join(topics[name] for index, name in enumerate(sorted(topics)) if index % 2 == remainder)
