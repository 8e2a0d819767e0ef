"""A call of AWS that the sandbox answers itself, with all that the answer is made of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from kushim_pipeline.sandbox.estate import Account, Region
from kushim_pipeline.sandbox.gate_calls import Call, Reply, error

Answer = Mapping[str, Any] | Reply
"""A JSON body, or an error as the service writes it."""


@dataclass(frozen=True)
class Asked:
    """`names`: what the manifest calls the account's resources (`[REGION/]KIND/NAME`) -> their ids."""

    call: Call
    account: Account
    now: datetime
    names: Mapping[str, str]

    @property
    def here(self) -> Region:
        """What the manifest says of the region that the call is for."""
        return self.account.regions.get(self.call.region, Region())

    @property
    def given(self) -> dict[str, Any]:
        """The parameters that are sent as JSON."""
        return self.call.given

    def days_ago(self, days: int) -> datetime:
        """The beginning of a day, so that two readings on one day agree."""
        return datetime.combine(self.now.date(), time(), UTC) - timedelta(days=days)

    def refuse(self, status: int, code: str, message: str) -> Reply:
        """An error as the service of the call writes it."""
        return error(self.call, status, code, message)


def made_up(*words: str) -> str:
    """A name that looks like one of AWS's, always the same for the same words."""
    return hashlib.sha256("/".join(words).encode()).hexdigest()[:32]


def iso(moment: datetime) -> str:
    """A time as JSON services write it that use texts."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
