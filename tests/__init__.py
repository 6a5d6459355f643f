"""The project's tests."""

from hypothesis import settings

# How long an example takes on a busy machine says nothing about what it tests.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
