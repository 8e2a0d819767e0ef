"""What the streams of one workspace share while they are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.reading import Reading

_TEAM = re.compile(r"T[A-Z0-9]{7,20}")


@dataclass(frozen=True)
class Workspace:
    """One run over a connection. `organization`: the client of the Web API for what only a token of an installation on
    the whole organisation may ask, `audit`: that of the Audit Logs API. Without such a token both have the workspace's.
    `announcement_channels`: names or ids, as the tenant file has them; `name`: the workspace's there."""

    reading: Reading
    organization: Client
    audit: Client
    announcement_channels: tuple[str, ...] = ()
    name: str | None = None

    @property
    def client(self) -> Client:
        """The client of the Web API."""
        return self.reading.client

    @property
    def now(self) -> int:
        """Seconds since 1970, the same for all streams of a run."""
        return int(self.client.pace.now())

    def of_team(self, **parameters: str) -> Mapping[str, str]:
        """Parameters with the workspace's id, where the tenant file names it by its id: a token of a whole organisation
        must say which workspace it means, and to any other token Slack ignores it."""
        is_id = self.name is not None and _TEAM.fullmatch(self.name)
        return {**parameters, "team_id": self.name} if is_id and self.name else parameters
