"""What faces the internet in a region: load balancers with listeners, stages of REST APIs, and their firewalls."""

from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import each, listing, one, pages, proven_empty, record_part

_BALANCER, _LISTENER = "aws.elbv2_load_balancer", "aws.elbv2_listener"
_STAGE, _FIREWALL = "aws.apigateway_stage", "aws.wafv2_association"


def read_edge(account: Account, region: str, sinks: Sinks) -> None:
    """Load balancers and the stages of REST APIs, then which web ACL guards each that the internet can reach.

    HTTP and WebSocket APIs are left out: AWS WAF cannot guard them.
    """
    guarded = [*_read_balancers(account, region, sinks), *_read_stages(account, region, sinks)]
    firewalls = pick(sinks, _FIREWALL)
    proven_empty(firewalls, f"nothing in {region} that a web ACL could guard faces the internet")

    def read(arn: str) -> None:
        answer = one(account, region, firewalls, arn, "wafv2", "GetWebACLForResource", ResourceArn=arn)
        record_part(firewalls, arn, answer, _web_acl)

    if firewalls:
        each(account, read, guarded)


def is_public_balancer(balancer: dict[str, Any]) -> bool:
    """Whether it is a load balancer that a web ACL can guard and that the internet can reach."""
    return balancer.get("Type") == "application" and balancer.get("Scheme") != "internal"


def is_public_api(api: dict[str, Any]) -> bool:
    """Whether a REST API has an endpoint outside the VPCs: one that says nothing of it counts as such."""
    return (api.get("endpointConfiguration") or {}).get("types") != ["PRIVATE"]


def _read_balancers(account: Account, region: str, sinks: Sinks) -> list[str]:
    """Load balancers with their listeners. Out: the ARNs of those that the internet can reach and WAF can guard."""
    whole = pick(sinks, _BALANCER, _LISTENER, _FIREWALL)
    if not whole:
        return []
    found: dict[str, dict[str, Any]] = {}
    for balancer, evidence in listing(account, region, whole, "elbv2", "DescribeLoadBalancers", "LoadBalancers"):
        arn = balancer.get("LoadBalancerArn") or ""
        found[arn] = balancer
        for sink in pick(sinks, _BALANCER):
            sink.record(arn, balancer, evidence=evidence)
    found.pop("", None)
    listeners = pick(sinks, _LISTENER)
    proven_empty(listeners, f"no load balancer in {region} has a listener")

    def read(arn: str) -> None:
        try:
            for page in pages(account, region, listeners, "elbv2", "DescribeListeners", LoadBalancerArn=arn):
                for listener in page.want("Listeners", list):
                    for sink in listeners:
                        sink.record(listener.get("ListenerArn") or "", listener, evidence=page.evidence)
        except ReadFailed as failed:
            for sink in listeners:
                sink.unreadable(arn, failed.reason, "DescribeListeners", failed.message)

    if listeners:
        each(account, read, found)
    return [arn for arn, balancer in found.items() if is_public_balancer(balancer)]


def _read_stages(account: Account, region: str, sinks: Sinks) -> list[str]:
    """Stages of REST APIs, each with its API. Out: the ARNs of those that the internet can reach."""
    whole = pick(sinks, _STAGE, _FIREWALL)
    if not whole:
        return []
    apis = [api for api, _ in listing(account, region, whole, "apigateway", "GetRestApis", "items")]
    proven_empty(pick(sinks, _STAGE), f"no REST API in {region} has a stage")
    public: list[str] = []

    def read(api: dict[str, Any]) -> None:
        root = f"arn:{account.partition}:apigateway:{region}::/restapis/{api.get('id')}"
        answer = one(account, region, whole, root, "apigateway", "GetStages", restApiId=str(api.get("id")))
        if answer is None:
            return
        try:
            stages = answer.want("item", list)
        except ReadFailed as failed:
            for sink in whole:
                sink.unreadable(root, failed.reason, "GetStages", failed.message)
            return
        for stage in stages:
            name = stage.get("stageName")
            for sink in pick(sinks, _STAGE):
                sink.record(
                    f"{root}/stages/{name}" if name else "", {**stage, "restApi": api}, evidence=answer.evidence
                )
            if name and is_public_api(api):
                public.append(f"{root}/stages/{name}")

    each(account, read, apis)
    return sorted(public)


def _web_acl(answer: Answer) -> dict[str, Any]:
    """AWS leaves the web ACL out where there is none (API reference of GetWebACLForResource)."""
    return {"WebACL": answer.want("WebACL", dict)} if answer.body.get("WebACL") is not None else {"absent": True}
