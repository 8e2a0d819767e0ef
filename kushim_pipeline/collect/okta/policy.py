"""Policies and their rules: `okta.policy` and `okta.policy_rule`. GET /api/v1/policies and …/{policyId}/rules

Source: Okta, "Policies, list all policies": the type must be said; every type that an organisation has comes with a
default policy. ACCESS_POLICY is of Identity Engine only: Classic Engine answers 400 E0000002 "Invalid policy type
specified", which is its word that there are none.
"""

from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call, Keep
from kushim_pipeline.collect.http.listing import Item, Listing, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import each, record_all, report_faults
from kushim_pipeline.collect.okta.dialect import API, OtherEngine
from kushim_pipeline.collect.okta.listed import last_updated, whole
from kushim_pipeline.collect.okta.paging import by_id, linked
from kushim_pipeline.evidence.receipt import Reason

LIST = f"GET {API}/policies"
RULES = f"GET {API}/policies/{{policyId}}/rules"
NEEDS = "the scope okta.policies.read (an API token: of a read-only administrator)"
TYPES = ("PASSWORD", "OKTA_SIGN_ON", "MFA_ENROLL", "ACCESS_POLICY")
NEVER_EMPTY = ("PASSWORD", "OKTA_SIGN_ON")
IDENTITY_ENGINE_ONLY = ("ACCESS_POLICY",)


def read(c: Collection, reading: Reading) -> None:
    """A record for each policy of the types that checks need."""
    for listing in _policies(c, reading):
        record_all(c, listing)


def read_rules(c: Collection, reading: Reading) -> None:
    """A record for each policy: {"rules": [...]}, in the order of their priority."""
    listed: list[Item] = []
    for listing in _policies(c, reading):
        report_faults(c, listing)
        listed += listing.items

    def one(policy: Item) -> None:
        call = Call(RULES, f"{API}/policies/{quote(policy.id, safe='')}/rules", {}, NEEDS)
        found = whole(read_list(reading.client, c.keep, call, by_id, linked(reading.account)))
        body = {"rules": [rule.body for rule in found.items]}
        c.record(policy.id, body, evidence=found.evidence, mark=last_updated(policy.body))

    each(c, reading, RULES, listed, one)


def _policies(c: Collection, reading: Reading) -> list[Listing]:
    """The list of each type that the organisation has; a list that cannot be empty is said to be incomplete."""
    found = []
    for kind in TYPES:
        listing = _of_type(reading, kind, c.keep)
        if kind in IDENTITY_ENGINE_ONLY and isinstance(next(iter(listing.problems), None), OtherEngine):
            continue
        if kind in NEVER_EMPTY and listing.is_whole and not listing.items:
            message = f"no policy of the type {kind} is listed, yet every organisation has a default one"
            c.problem(Reason.INCOMPLETE, LIST, message)
        found.append(listing)
    return found


def _of_type(reading: Reading, kind: str, keep: Keep) -> Listing:
    def read_it(keep: Keep) -> Listing:
        call = Call(LIST, f"{API}/policies", {"type": kind}, NEEDS)
        return read_list(reading.client, keep, call, by_id, linked(reading.account))

    return reading.once(f"policies {kind}", read_it).get(keep)
