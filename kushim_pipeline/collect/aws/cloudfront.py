"""CloudFront: the account's distributions, in one listing."""

from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import listing
from kushim_pipeline.evidence.receipt import Reason


def read_distributions(account: Account, region: str, sinks: Sinks) -> None:
    """Distributions with their certificates, cache behaviours and web ACLs."""
    sink = sinks["aws.cloudfront_distribution"]
    for distribution, evidence in listing(account, region, [sink], "cloudfront", "ListDistributions", _items):
        sink.record(distribution.get("ARN") or "", distribution, evidence=evidence)


def _items(answer: Answer) -> list[Any]:
    """The distributions of a page. It has no list where Quantity is 0; a list missing otherwise raises ReadFailed."""
    page = answer.want("DistributionList", dict)
    items = page.get("Items") or []
    if not items and page.get("Quantity") != 0:
        raise ReadFailed(Reason.INCOMPLETE, f"the page holds no distribution and says {page.get('Quantity')}")
    return list(items)
