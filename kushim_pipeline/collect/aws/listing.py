"""Listings of many pages, and one call for each thing that was listed: what fails is reported, never raised."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Collection as Some
from concurrent.futures import wait
from itertools import islice
from typing import Any, TypeVar

from kushim_pipeline.collect.aws.calls import Account, Answer, call
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.receipt import Reason

T = TypeVar("T")

MAX_PAGES = 100_000
# What a page holds at most, by the API references; without it many calls answer 50 or 100 at a time.
PAGE_SIZES = {
    "DescribeAlarms": 100,
    "DescribeAutoScalingGroups": 100,
    "DescribeDBClusterSnapshots": 100,
    "DescribeDBClusters": 100,
    "DescribeDBInstances": 100,
    "DescribeDBSnapshots": 100,
    "DescribeFlowLogs": 1000,
    "DescribeImages": 1000,
    "DescribeInstanceInformation": 50,
    "DescribeInstancePatchStates": 100,
    "DescribeInstances": 1000,
    "DescribeListeners": 400,
    "DescribeLoadBalancers": 400,
    "DescribeLogGroups": 50,
    "DescribeManagedPrefixLists": 100,
    "DescribeMetricFilters": 50,
    "DescribeNetworkInterfaces": 1000,
    "DescribeRepositories": 1000,
    "DescribeRouteTables": 100,
    "DescribeSecurityGroups": 1000,
    "DescribeSnapshots": 1000,
    "DescribeVolumes": 1000,
    "DescribeVpcs": 1000,
    "GetAccountAuthorizationDetails": 1000,
    "GetManagedPrefixListEntries": 100,
    "GetResources": 100,
    "GetRestApis": 500,
    "ListBuckets": 10_000,
    "ListCertificates": 1000,
    "ListDetectors": 50,
    "ListFindings": 50,
    "ListFunctions": 50,
    "ListKeys": 1000,
    "ListRules": 100,
    "ListSecrets": 100,
    "ListTables": 100,
    "ListTargetsByRule": 100,
}


def listing(
    account: Account,
    region: str,
    sinks: Sequence[Collection],
    service: str,
    operation: str,
    key: str | Callable[[Answer], list[Any]],
    **parameters: Any,
) -> Iterator[tuple[Any, str]]:
    """The elements of a list that AWS gives in pages, each with the digest of its page.

    In: as for `call`, and the answer's key of the list, or what takes the list out of an answer (it may raise
    ReadFailed). Raises nothing for what AWS does: a failure ends the iteration and is reported to every one of `sinks`
    as a problem of the listing, an empty list as proven. A list is empty only when AWS says so: the call answered, its
    list is there, and there is no next page.
    """
    seen = 0
    try:
        for answer in pages(account, region, sinks, service, operation, **parameters):
            elements = answer.want(key, list) if isinstance(key, str) else key(answer)
            seen += len(elements)
            for element in elements:
                yield element, answer.evidence
    except ReadFailed as failed:
        reason = Reason.INCOMPLETE if seen and failed.reason is Reason.NOT_COLLECTED else failed.reason
        for sink in sinks:
            sink.problem(reason, operation, f"{service} in {region}: {failed.message}")
        return
    if not seen:
        for sink in sinks:
            sink.empty_is_proven(f"{operation} in {region} answered an empty list without a next page")


def pages(
    account: Account, region: str, sinks: Sequence[Collection], service: str, operation: str, **parameters: Any
) -> Iterator[Answer]:
    """The pages of a listing. Raises ReadFailed when one fails, comes again, or says that there is more but not where.

    boto3's paginators are not used as they are: they take a page that says `IsTruncated` without a token for the last.
    """
    paging = account.clients.get(service, region).paging(operation)
    if paging is None:
        yield call(account, region, sinks, service, operation, **parameters)
        return
    size = PAGE_SIZES.get(operation)
    asked = {**parameters, paging["limit_key"]: size} if size else dict(parameters)
    tokens: set[str] = set()
    for _ in range(MAX_PAGES):
        answer = call(account, region, sinks, service, operation, **asked)
        yield answer
        if account.pace.sample:
            return
        token = _at(answer.body, paging["output_token"])
        more = _at(answer.body, paging["more_results"]) if "more_results" in paging else bool(token)
        if not more:
            return
        if not token:
            raise ReadFailed(Reason.INCOMPLETE, "AWS says that there are more pages but not where")
        if token in tokens:
            raise ReadFailed(Reason.INCOMPLETE, "the pages go round in a loop: the same next page was named twice")
        tokens.add(token)
        asked[paging["input_token"]] = token
    raise ReadFailed(Reason.INCOMPLETE, f"there is no end after {MAX_PAGES} pages")


def _at(body: Mapping[str, Any], path: str) -> Any:
    """What stands in an answer at one of botocore's paths: names with dots between them."""
    found: Any = body
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def one(
    account: Account,
    region: str,
    sinks: Sequence[Collection],
    resource_id: str,
    service: str,
    operation: str,
    *,
    absent: Some[str] = (),
    **parameters: Any,
) -> Answer | None:
    """One resource's own call. A failure makes that resource unreadable in every one of `sinks`, and gives None."""
    try:
        return call(account, region, sinks, service, operation, absent=absent, **parameters)
    except ReadFailed as failed:
        for sink in sinks:
            sink.unreadable(resource_id, failed.reason, operation, failed.message)
        return None


def record_part(
    sinks: Sequence[Collection], resource_id: str, answer: Answer | None, body: Callable[[Answer], Mapping[str, Any]]
) -> None:
    """Record what one call says about one resource: `body(answer)`, or that AWS proved there is none.

    `body` may raise ReadFailed: the resource is then unreadable.
    """
    if answer is None:
        return
    try:
        found = {"absent": True, "code": answer.absent} if answer.absent else body(answer)
    except ReadFailed as failed:
        for sink in sinks:
            sink.unreadable(resource_id, failed.reason, answer.operation, failed.message)
        return
    for sink in sinks:
        sink.record(resource_id, found, evidence=answer.evidence)


def proven_empty(sinks: Iterable[Collection], by: str) -> None:
    """Say why these collections may end without a record: they hold a known part of a list that was read."""
    for sink in sinks:
        sink.empty_is_proven(by)


def each(account: Account, read: Callable[[T], None], resources: Iterable[T]) -> None:
    """Call `read` for every resource in the bounded pool, return when all are done, raise what the first one raised.

    Only readers of whole units call this, never a `read`: the pool's threads wait for nobody.
    """
    wanted = islice(resources, 1) if account.pace.sample else resources
    running = [account.details.submit(read, resource) for resource in wanted]
    wait(running)
    for done in running:
        done.result()
