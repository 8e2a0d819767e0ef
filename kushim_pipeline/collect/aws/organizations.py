"""AWS Organizations: the organisation that the account belongs to, its accounts with tags and place, and its units."""

from collections.abc import Mapping
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Sinks, call, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import each, listing, pages, proven_empty
from kushim_pipeline.collect.collection import Collection

NOT_IN_USE = "AWSOrganizationsNotInUseException"
# With these IAM answers that the account may not ask, or that there is nothing to list (ListOrganizationsFeatures).
NO_FEATURES = frozenset(
    {
        "AccountNotManagementOrDelegatedAdministratorException",
        "OrganizationNotFoundException",
        "OrganizationNotInAllFeaturesModeException",
        "ServiceAccessNotEnabledException",
    }
)
_SERVICE = "organizations"

Path = tuple[Mapping[str, Any], ...]
"""The units above something, from the root down, each with Id and Name."""


def read_organization(account: Account, region: str, sinks: Sinks) -> None:
    """The organisation, then all that only its management account or a delegated administrator may list.

    AWSOrganizationsNotInUseException proves that the account is no member of any (reference of DescribeOrganization).
    """
    whole = [*sinks.values()]
    try:
        answer = call(account, region, whole, _SERVICE, "DescribeOrganization", absent={NOT_IN_USE})
        organization = {} if answer.absent else answer.want("Organization", dict)
    except ReadFailed as failed:
        for sink in whole:
            sink.problem(failed.reason, "DescribeOrganization", failed.message)
        return
    for sink in pick(sinks, "aws.organization"):
        if answer.absent:
            body: Mapping[str, Any] = {"absent": True, "code": answer.absent}
            sink.record(account.account_id, body, evidence=answer.evidence)
        else:
            body = {**organization, **_root_access(account, region, sink)}
            sink.record(organization.get("Arn") or "", body, evidence=answer.evidence)
    listed = pick(sinks, "aws.organization_account", "aws.organizational_unit")
    if answer.absent:
        proven_empty(listed, f"DescribeOrganization says that {account.account_id} belongs to no organisation")
    elif listed:
        _read_accounts(account, region, sinks, listed)


def _root_access(account: Account, region: str, sink: Collection) -> Mapping[str, Any]:
    """What the organisation does centrally with the root users of its member accounts, as a part of its record.

    IAM tells the management account and its own delegated administrator; every other account it tells that it may not
    ask, which is no fault. Out: nothing where the call was refused or failed: no verdict rests on it, and the
    organisation itself was read.
    """
    try:
        answer = call(account, region, [sink], "iam", "ListOrganizationsFeatures", absent=NO_FEATURES)
        if answer.absent:
            return {"RootAccess": {"absent": True, "code": answer.absent}}
        return {"RootAccess": {"EnabledFeatures": sorted(answer.want("EnabledFeatures", list))}}
    except ReadFailed:
        return {}


def _read_accounts(account: Account, region: str, sinks: Sinks, listed: list[Collection]) -> None:
    accounts = pick(sinks, "aws.organization_account")
    found: list[tuple[dict[str, Any], str]] = []
    try:
        for answer in pages(account, region, listed, _SERVICE, "ListAccounts"):
            found += [(member, answer.evidence) for member in answer.want("Accounts", list)]
    except ReadFailed as failed:
        # A member account may not list the others, nor the units: nothing more is asked.
        for sink in listed:
            sink.problem(failed.reason, "ListAccounts", failed.message)
        return
    places = _read_units(account, region, sinks, listed)

    def read(member: tuple[dict[str, Any], str]) -> None:
        body, evidence = member
        arn = body.get("Arn") or ""
        for sink in accounts:
            try:
                asked = {"ResourceId": body.get("Id")}
                answers = pages(account, region, [sink], _SERVICE, "ListTagsForResource", **asked)
                tags = {tag["Key"]: tag.get("Value", "") for answer in answers for tag in answer.want("Tags", list)}
            except ReadFailed as failed:
                if arn:
                    sink.unreadable(arn, failed.reason, "ListTagsForResource", failed.message)
                else:
                    sink.problem(failed.reason, "ListTagsForResource", failed.message)
                continue
            place = {"OrganizationalUnits": [*places[body["Id"]]]} if body.get("Id") in places else {}
            sink.record(arn, {**body, "Tags": tags, **place}, evidence=evidence)

    if accounts:
        each(account, read, found)


def _read_units(account: Account, region: str, sinks: Sinks, listed: list[Collection]) -> dict[str, Path]:
    """The tree from its root down. Out: account id -> the units above it; an account that was not met is missing."""
    units, accounts = pick(sinks, "aws.organizational_unit"), pick(sinks, "aws.organization_account")
    places: dict[str, Path] = {}
    waiting: list[tuple[str, Path]] = []
    for root, _ in listing(account, region, listed, _SERVICE, "ListRoots", "Roots"):
        if root.get("Id"):
            waiting.append((root["Id"], ({"Id": root["Id"], "Name": root.get("Name") or "Root"},)))
    met: set[str] = set()
    while waiting:
        parent, path = waiting.pop()
        if parent in met:
            continue
        met.add(parent)
        if accounts:
            for member, _ in listing(
                account, region, accounts, _SERVICE, "ListAccountsForParent", "Accounts", ParentId=parent
            ):
                if member.get("Id"):
                    places[member["Id"]] = path
        operation, key = "ListOrganizationalUnitsForParent", "OrganizationalUnits"
        for unit, evidence in listing(account, region, listed, _SERVICE, operation, key, ParentId=parent):
            for sink in units:
                body = {**unit, "ParentId": parent, "Parents": [*path]}
                sink.record(unit.get("Arn") or "", body, evidence=evidence)
            if unit.get("Id"):
                waiting.append((unit["Id"], (*path, {"Id": unit["Id"], "Name": unit.get("Name") or ""})))
    return places
