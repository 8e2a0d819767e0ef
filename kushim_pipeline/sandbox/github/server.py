"""The stand-in as a real HTTP server on loopback."""

from collections.abc import Sequence

from kushim_pipeline.sandbox.github.model import Description
from kushim_pipeline.sandbox.github.vendor import Github
from kushim_pipeline.sandbox.standin import server as standin
from kushim_pipeline.sandbox.standin.faults import Fault

Server = standin.Standin


def start(description: Description, *, port: int = 0, base_path: str = "", faults: Sequence[Fault] = ()) -> Server:
    """Start a stand-in on loopback. `port` 0 takes a free one; `base_path` is what GitHub Enterprise Server has before
    its paths (`/api/v3`). It runs in threads of this process until `stop()`."""
    aliases = {f"{base_path.removesuffix('/v3')}/graphql": "/graphql"} if base_path else {}
    return standin.start(Github(description), port=port, base_path=base_path, faults=faults, aliases=aliases)
