"""For all tests: a property that holds is not refused for the time that a busy machine takes over an example."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
