"""AWS Organizations for the sandbox: an organisation with one unit for each name that its accounts give. Pure."""

from kushim_pipeline.sandbox.aws_asked import Answer, Asked
from kushim_pipeline.sandbox.aws_xml import query_reply
from kushim_pipeline.sandbox.estate import Member, Membership
from kushim_pipeline.sandbox.gate_calls import Reply

_ROOT = "r-sand"


def account_arn(found: Membership, member: Member) -> str:
    """The ARN of an account of an organisation."""
    return f"arn:aws:organizations::{found.management}:account/{_name(found)}/{member.account_id}"


def _of(asked: Asked) -> Membership | Reply:
    if asked.account.organization is None:
        words = "Your account is not a member of an organization."
        return asked.refuse(400, "AWSOrganizationsNotInUseException", words)
    if asked.call.operation != "DescribeOrganization" and not asked.account.organization.lists_accounts:
        return asked.refuse(400, "AccessDeniedException", "You don't have permissions to access this resource.")
    return asked.account.organization


def _organization(asked: Asked) -> Answer:
    found = _of(asked)
    if isinstance(found, Reply):
        return found
    name = _name(found)
    return {
        "Organization": {
            "Id": name,
            "Arn": f"arn:aws:organizations::{found.management}:organization/{name}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"arn:aws:organizations::{found.management}:account/{name}/{found.management}",
            "MasterAccountId": found.management,
            "MasterAccountEmail": "cloud@sandbox.test",
        }
    }


def _accounts(asked: Asked) -> Answer:
    found = _of(asked)
    if isinstance(found, Reply):
        return found
    parent = asked.given.get("ParentId")
    return {
        "Accounts": [
            {
                "Id": member.account_id,
                "Arn": account_arn(found, member),
                "Email": f"{title}@sandbox.test",
                "Name": title,
                "Status": "ACTIVE",
                "State": "ACTIVE",
                "JoinedMethod": "CREATED",
                "JoinedTimestamp": 1700000000.0,
            }
            for title, member in found.members.items()
            if parent in (None, _unit(member))
        ]
    }


def _roots(asked: Asked) -> Answer:
    found = _of(asked)
    if isinstance(found, Reply):
        return found
    arn = f"arn:aws:organizations::{found.management}:root/{_name(found)}/{_ROOT}"
    return {"Roots": [{"Id": _ROOT, "Arn": arn, "Name": "Root", "PolicyTypes": []}]}


def _units(asked: Asked) -> Answer:
    found = _of(asked)
    if isinstance(found, Reply):
        return found
    units = {member.unit: _unit(member) for member in found.members.values()}
    return {
        "OrganizationalUnits": [
            {"Id": unit, "Arn": f"arn:aws:organizations::{found.management}:ou/{_name(found)}/{unit}", "Name": title}
            for title, unit in units.items()
            if asked.given.get("ParentId") == _ROOT
        ]
    }


def _tags(asked: Asked) -> Answer:
    found = _of(asked)
    if isinstance(found, Reply):
        return found
    tags = {member.account_id: member.tags for member in found.members.values()}
    if asked.given.get("ResourceId") not in tags:
        return asked.refuse(400, "TargetNotFoundException", "We can't find a target with the specified ID.")
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags[asked.given["ResourceId"]].items()]}


def _root_access(asked: Asked) -> Answer:
    """IAM's own answer about the organisation, with IAM's own errors."""
    found = asked.account.organization
    if found is None:
        return asked.refuse(400, "OrganizationNotFoundException", "The account is not part of an organization.")
    if not found.lists_accounts:
        words = "The account is not the management account or a delegated administrator of the organization."
        return asked.refuse(400, "AccountNotManagementOrDelegatedAdministratorException", words)
    if not found.root_access:
        words = "Trusted access is not enabled for IAM in AWS Organizations."
        return asked.refuse(400, "ServiceAccessNotEnabledException", words)
    return query_reply(asked.call, {"OrganizationId": _name(found), "EnabledFeatures": found.root_access})


def _name(found: Membership) -> str:
    return f"o-{found.management[-10:]}"


def _unit(member: Member) -> str:
    return f"ou-sand-{member.unit.lower().encode().hex()[:16]}"


ANSWERS = {
    "iam:ListOrganizationsFeatures": _root_access,
    "organizations:DescribeOrganization": _organization,
    "organizations:ListAccounts": _accounts,
    "organizations:ListAccountsForParent": _accounts,
    "organizations:ListRoots": _roots,
    "organizations:ListOrganizationalUnitsForParent": _units,
    "organizations:ListTagsForResource": _tags,
}
