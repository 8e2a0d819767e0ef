"""Security Hub CSPM: the standards that a region has switched on."""

import re

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import pages, proven_empty
from kushim_pipeline.evidence.receipt import Reason

_NOT_SUBSCRIBED = "InvalidAccessException"
_WORDS = re.compile(rb"not (?:subscribed|enabled)", re.IGNORECASE)


def read_standards(account: Account, region: str, sinks: Sinks) -> None:
    """The standards, or that the account is not subscribed to Security Hub there, which proves that there are none.

    The code alone does not: "either Security Hub is not enabled for the account, or the account does not have
    permission" (API reference). Only the first is said in these words.
    """
    sink = sinks["aws.securityhub_standard"]
    operation = "GetEnabledStandards"
    none = f"{operation} in {region} answered an empty list without a next page"
    try:
        for answer in pages(account, region, [sink], "securityhub", operation, absent={_NOT_SUBSCRIBED}):
            if answer.absent:
                _prove_none(answer)
                none = f"{operation} in {region} says that the account is not subscribed to Security Hub"
                break
            for standard in answer.want("StandardsSubscriptions", list):
                sink.record(standard.get("StandardsSubscriptionArn") or "", standard, evidence=answer.evidence)
    except ReadFailed as failed:
        sink.problem(failed.reason, operation, f"securityhub in {region}: {failed.message}")
        return
    proven_empty([sink], none)


def _prove_none(answer: Answer) -> None:
    if not _WORDS.search(answer.page.body):
        raise ReadFailed(
            Reason.DENIED,
            f"AWS denied securityhub:GetEnabledStandards ({_NOT_SUBSCRIBED}) without saying that Security Hub is off; "
            "allow it to Kushim's role (docs/aws-policy.json)",
        )
