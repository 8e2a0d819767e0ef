"""What holds for every test."""

from hypothesis import settings

from kushim_pipeline_tests.postgres import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]

# A busy machine is no failure: what takes long is measured by `make bench`, never by a deadline in a test.
settings.register_profile("kushim", deadline=None, print_blob=True)
settings.load_profile("kushim")
