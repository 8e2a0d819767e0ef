"""Whose account it is, and its regions: read before anything else."""

from collections.abc import Sequence

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, call, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.receipt import Reason

NOT_ENABLED = "not-opted-in"


def prove_identity(account: Account, sinks: Sequence[Collection]) -> None:
    """Ask AWS whose credentials these are. Raises ReadFailed when that fails, or when it is not the configured account.

    Another account's resources must never be read under this tenant.
    """
    answer = call(account, account.home, sinks, "sts", "GetCallerIdentity")
    found = answer.want("Account", str)
    if found != account.account_id:
        raise ReadFailed(
            Reason.DENIED,
            f"these credentials belong to account {found}, but the connection says {account.account_id}; nothing was "
            "read. Correct account_id, or give credentials or a role of that account",
        )


def read_regions(
    account: Account, sinks: Sequence[Collection], configured: Sequence[str]
) -> dict[str, tuple[str, Answer]]:
    """Which of the configured regions the account has. Records each in `sinks` (the stream aws.region).

    Out: region -> its OptInStatus ("" for a region that AWS does not name) and the answer that says so.
    Raises ReadFailed.
    """
    answer = call(account, account.home, sinks, "ec2", "DescribeRegions", AllRegions=True)
    named = {region.get("RegionName"): region.get("OptInStatus") or "" for region in answer.want("Regions", list)}
    if account.home not in named:
        raise ReadFailed(Reason.INCOMPLETE, f"the list of regions is not whole: {account.home} is missing from it")
    for region in configured:
        name = f"{account.account_id}/{region}"
        for sink in sinks:
            if region in named:
                body = {"RegionName": region, "OptInStatus": named[region]}
                sink.record(name, body, evidence=answer.evidence)
            else:
                sink.unreadable(name, Reason.INCOMPLETE, "DescribeRegions", "AWS names no such region; correct regions")
    return {region: (named.get(region, ""), answer) for region in configured}


def read_summary(account: Account, region: str, sinks: Sinks) -> dict[str, int]:
    """The stream aws.account, and what the streams of IAM resources are reconciled with.

    Out: AWS's own counts by name (API reference of GetAccountSummary); empty when they could not be read.
    """
    mine = pick(sinks, "aws.account")
    counted = pick(sinks, "aws.iam_user", "aws.iam_group", "aws.iam_role", "aws.iam_policy")
    try:
        answer = call(account, region, [*mine, *counted], "iam", "GetAccountSummary")
        summary: dict[str, int] = answer.want("SummaryMap", dict)
    except ReadFailed as failed:
        for sink in mine:
            sink.problem(failed.reason, "GetAccountSummary", failed.message)
        return {}
    for sink in mine:
        sink.record(account.account_id, {"AccountId": account.account_id, "Summary": summary}, evidence=answer.evidence)
    return summary
