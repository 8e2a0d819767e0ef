"""IAM: users, groups, roles and policies with their documents, and the password policy."""

from typing import Any
from urllib.parse import unquote

from kushim_pipeline.collect.aws.account import read_summary
from kushim_pipeline.collect.aws.calls import Account, Sinks, call
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import listing
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

# Stream: the call's filter, its answer's list, and AWS's own count of the same thing in GetAccountSummary.
_KINDS = {
    "aws.iam_user": ("User", "UserDetailList", "Users"),
    "aws.iam_group": ("Group", "GroupDetailList", "Groups"),
    "aws.iam_role": ("Role", "RoleDetailList", "Roles"),
    "aws.iam_policy": ("LocalManagedPolicy", "Policies", "Policies"),
}
_DOCUMENTS = frozenset({"AssumeRolePolicyDocument", "Document", "PolicyDocument"})
_OPERATION = "GetAccountAuthorizationDetails"


def read_identities(account: Account, region: str, sinks: Sinks) -> None:
    """The account summary, then users, groups, roles and customer-managed policies, each with all that hangs on it."""
    counts = read_summary(account, region, sinks)
    for stream, (kind, key, counted) in _KINDS.items():
        sink = sinks.get(stream)
        if sink is None:
            continue
        if isinstance(counts.get(counted), int):
            sink.declare(counts[counted], f"GetAccountSummary {counted}")
        for element, evidence in listing(account, region, [sink], "iam", _OPERATION, key, Filter=[kind]):
            arn = element.get("Arn") or ""
            try:
                sink.record(arn, steady(stream, with_documents(element), account.now), evidence=evidence)
            except BadJson as error:
                why = f"a policy document is not JSON to be trusted: {error}"
                if arn:
                    sink.unreadable(arn, Reason.QUARANTINED, _OPERATION, why)
                else:
                    sink.problem(Reason.QUARANTINED, _OPERATION, why)


def read_password_policy(account: Account, region: str, sinks: Sinks) -> None:
    """The account's password policy. NoSuchEntity proves that there is none (reference of GetAccountPasswordPolicy)."""
    sink = sinks["aws.iam_password_policy"]
    operation = "GetAccountPasswordPolicy"
    try:
        answer = call(account, region, [sink], "iam", operation, absent={"NoSuchEntity"})
        body = {"absent": True, "code": answer.absent} if answer.absent else answer.want("PasswordPolicy", dict)
    except ReadFailed as failed:
        sink.problem(failed.reason, operation, failed.message)
        return
    sink.record(account.account_id, body, evidence=answer.evidence)


def with_documents(value: Any) -> Any:
    """The element with its policy documents (URL-encoded JSON texts) as JSON. Raises BadJson for one that is none."""
    if isinstance(value, dict):
        return {
            key: decode(unquote(part).encode()) if key in _DOCUMENTS and isinstance(part, str) else with_documents(part)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [with_documents(part) for part in value]
    return value
