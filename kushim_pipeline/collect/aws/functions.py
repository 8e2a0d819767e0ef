"""Lambda: functions, who may invoke each, and whether it has an address of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import each, listing, one, record_part
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

_FUNCTION, _POLICY, _URL = "aws.lambda_function", "aws.lambda_policy", "aws.lambda_url"
_NONE = frozenset({"ResourceNotFoundException"})


def read_functions(account: Account, region: str, sinks: Sinks) -> None:
    """The functions, then in parallel the policy and the URL of each (those of the function itself, not of an alias).

    The values of a function's environment variables are left out: they are where people put secrets.
    """
    whole = pick(sinks, _FUNCTION, _POLICY, _URL)
    found: dict[str, str] = {}
    for function, evidence in listing(account, region, whole, "lambda", "ListFunctions", "Functions"):
        arn = str(function.get("FunctionArn") or "")
        for sink in pick(sinks, _FUNCTION):
            sink.record(arn, without_values(function), evidence=evidence)
        if arn:
            found[arn] = str(function.get("FunctionName") or arn)
    policies, urls = pick(sinks, _POLICY), pick(sinks, _URL)

    def read(arn: str) -> None:
        if policies:
            answer = one(account, region, policies, arn, "lambda", "GetPolicy", absent=_NONE, FunctionName=found[arn])
            _part(policies, arn, answer, _policy)
        if urls:
            answer = one(
                account, region, urls, arn, "lambda", "GetFunctionUrlConfig", absent=_NONE, FunctionName=found[arn]
            )
            _part(urls, arn, answer, _url)

    if policies or urls:
        each(account, read, found)


def without_values(function: dict[str, Any]) -> dict[str, Any]:
    """The function with the names of its environment variables alone."""
    environment = function.get("Environment")
    if not isinstance(environment, dict) or not isinstance(environment.get("Variables"), dict):
        return function
    names = dict.fromkeys(environment["Variables"], "")
    return {**function, "Environment": {**environment, "Variables": names}}


def _part(
    sinks: list[Collection], arn: str, answer: Answer | None, body: Callable[[Answer], Mapping[str, Any]]
) -> None:
    """Record what a call says about a function. The same code means that the part or the function is not there."""
    if answer is not None and answer.absent and b"Function not found" in answer.page.body:
        for sink in sinks:
            why = "it vanished between the listing and this call"
            sink.unreadable(arn, Reason.INCOMPLETE, answer.operation, why)
        return
    record_part(sinks, arn, answer, body)


def _policy(answer: Answer) -> dict[str, Any]:
    try:
        return {"Policy": decode(answer.want("Policy", str).encode())}
    except BadJson as error:
        raise ReadFailed(Reason.QUARANTINED, f"the policy is not JSON to be trusted: {error}") from None


def _url(answer: Answer) -> dict[str, Any]:
    answer.want("AuthType", str)
    return answer.body
