"""Kushim: continuous compliance as a Dagster pipeline, the audit you can re-run."""

__version__ = "0.1.0"
