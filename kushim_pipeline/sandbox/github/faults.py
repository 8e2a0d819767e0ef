"""The faults of a stand-in, by the name that GitHub's first users of them know."""

from kushim_pipeline.sandbox.standin.faults import Fault as Fault
from kushim_pipeline.sandbox.standin.faults import Kind as Kind
