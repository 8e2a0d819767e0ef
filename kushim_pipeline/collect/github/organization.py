"""`github.organization`: the organisation's settings. GET /orgs/{org}

Source: GitHub REST, "Get an organization": owners see more fields than others; `two_factor_requirement_enabled` is null
or missing for who is no owner, which makes it the proof that the token is an owner's.
"""

from dataclasses import dataclass
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.client import GITHUB
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.reading import Reading, report
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "GET /orgs/{org}"
NEEDS = "the organisation permission Administration: read (classic: admin:org) of an owner"
OWNER_PROOF = "GET /orgs/{org} shows two_factor_requirement_enabled, which only owners see"


@dataclass(frozen=True)
class Organization:
    """The organisation as GitHub gives it, and the digest of that answer."""

    body: dict[str, Any]
    evidence: str

    @property
    def shown_to_owner(self) -> bool:
        """Whether the token has proven to be an owner's."""
        return isinstance(self.body.get("two_factor_requirement_enabled"), bool)

    @property
    def repositories(self) -> int | None:
        """How many repositories there are, public, private and internal; None if the token may not know."""
        counts = [self.body.get("public_repos"), self.body.get("total_private_repos")]
        whole = [count for count in counts if isinstance(count, int) and not isinstance(count, bool) and count >= 0]
        return sum(whole) if len(whole) == 2 else None


def organization(reading: Reading, keep: Keep) -> Organization:
    """The organisation, read once for all streams. Raises Unread."""

    def read_it(keep: Keep) -> Organization:
        call = Call(OPERATION, f"/orgs/{reading.account}", needs=NEEDS)
        answer = reading.client.ask(call, keep)
        body = object_of(answer, call, GITHUB)
        if str(body.get("login")).casefold() != reading.account.casefold():
            raise Unread(
                Reason.INCOMPLETE, OPERATION, f"GitHub answered for another organisation than {reading.account}"
            )
        return Organization(body, answer.evidence)

    return reading.once("organization", read_it).get(keep)


def read(c: Collection, reading: Reading) -> None:
    """One record: the organisation."""
    try:
        found = organization(reading, c.keep)
    except Unread as trouble:
        report(c, trouble)
        return
    c.record(reading.account, found.body, evidence=found.evidence)
