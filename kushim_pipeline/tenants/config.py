"""The tenant file's shape: a tenant, its connections to sources, its policy and its approved exceptions.

Everything is frozen and refuses unknown keys. Secrets are references (`SecretRef`), so a configuration can be printed.
"""

import re
from collections import Counter
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from kushim_pipeline.tenants.connection import (
    CONNECTIONS,
    AnyConnection,
    AwsConnection,
    Connection,
    FileConnection,
    GithubConnection,
    JiraConnection,
    OktaConnection,
    SlackConnection,
)
from kushim_pipeline.tenants.model import Model, Text
from kushim_pipeline.tenants.secret import Mistake

__all__ = [
    "CONNECTIONS",
    "AnyConnection",
    "AwsConnection",
    "Connection",
    "FileConnection",
    "Framework",
    "GithubConnection",
    "JiraConnection",
    "OktaConnection",
    "PolicyException",
    "SlackConnection",
    "State",
    "TenantConfig",
]

TENANT_ID = re.compile(r"[a-z0-9-]{1,40}")
Framework = Literal["soc2", "iso27001", "nist_csf", "hipaa", "pci_dss"]
State = Literal["active", "paused", "offboarded"]
"""active: collected and judged. paused: not collected, so verdicts grow stale. offboarded: its verdicts end."""


class PolicyException(Model):
    """An approved exception: turns a FAIL of one check on one resource into EXCEPTED until its end date, never PASS."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
    check: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$")]
    resource: Annotated[str, Field(min_length=1, max_length=2048)]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    requested_by: Text
    approved_by: Text
    until: date

    @model_validator(mode="after")
    def _two_people(self) -> Self:
        if self.requested_by.strip().casefold() == self.approved_by.strip().casefold():
            raise Mistake("requested_by and approved_by are the same person", "let somebody else approve the exception")
        return self


class TenantConfig(Model):
    """One tenant file."""

    tenant: str
    name: Text
    frameworks: tuple[Framework, ...] = ("soc2",)
    policy: dict[str, Any] = Field(default_factory=dict)
    connections: tuple[AnyConnection, ...]
    exceptions: tuple[PolicyException, ...] = ()
    state: State = "active"
    retain_until: date | None = None
    """The last day on which an offboarded tenant's evidence must still be readable; None: for ever."""

    @field_validator("tenant")
    @classmethod
    def _tenant(cls, value: str) -> str:
        if not TENANT_ID.fullmatch(value):
            raise Mistake(
                "a tenant id has 1 to 40 small letters, digits and hyphens", "write an id such as acme or acme-eu"
            )
        return value

    @field_validator("frameworks")
    @classmethod
    def _frameworks(cls, value: tuple[Framework, ...]) -> tuple[Framework, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("connections")
    @classmethod
    def _connections(cls, value: tuple[AnyConnection, ...]) -> tuple[AnyConnection, ...]:
        twice = [key for key, n in Counter(c.connection_id.casefold() for c in value).items() if n > 1]
        if twice:
            raise Mistake(
                f"two connections are both {twice[0]}",
                "keep one connection for each account, organisation or site (an AWS account's regions go in one list)",
            )
        return value

    @field_validator("exceptions")
    @classmethod
    def _exceptions(cls, value: tuple[PolicyException, ...]) -> tuple[PolicyException, ...]:
        twice = [key for key, n in Counter(e.id for e in value).items() if n > 1]
        if twice:
            raise Mistake(f"two exceptions have the id {twice[0]}", "give each exception an id of its own")
        return value
