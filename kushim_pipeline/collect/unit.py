"""What a receipt is about: one stream of one connection of one tenant, in one scope."""

from dataclasses import dataclass

GLOBAL = "global"


@dataclass(frozen=True, order=True)
class Unit:
    """A thing that a collection is expected to read. `scope` is an AWS region, or `global`."""

    tenant_id: str
    connection_id: str
    source: str
    account_id: str
    stream: str
    scope: str = GLOBAL
