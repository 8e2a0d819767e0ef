"""Whose account it is, and its regions: read before anything else."""

from collections.abc import Sequence

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, call, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.session import partition_of
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
    account: Account, sinks: Sequence[Collection], configured: Sequence[str], *, every: bool = False
) -> dict[str, tuple[str, Answer]]:
    """Which of these regions the account has. Records each in `sinks` (the stream aws.region).

    In: the regions, and whether they are meant to be all that there are. One that AWS names beside them is then
    reported, since nothing is read there, and one that AWS does not name is none of this account's.
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
            elif not every:
                sink.unreadable(name, Reason.INCOMPLETE, "DescribeRegions", "AWS names no such region; correct regions")
    for region in sorted(str(name) for name in named if every and name not in configured):
        if named[region] != NOT_ENABLED and partition_of(region) == account.partition:
            for sink in sinks:
                why = "this version does not know the region; name all regions of the account under regions"
                sink.unreadable(f"{account.account_id}/{region}", Reason.NOT_COLLECTED, "DescribeRegions", why)
    missing = NOT_ENABLED if every else ""
    return {region: (named.get(region, missing), answer) for region in configured}


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
