"""What faces the internet in the sandbox: load balancers, REST APIs, distributions, certificates, web ACLs. Pure."""

from collections.abc import Mapping
from typing import Any

from kushim_pipeline.sandbox.aws_asked import Answer, Asked, made_up
from kushim_pipeline.sandbox.aws_xml import query_reply, reply, xml_of
from kushim_pipeline.sandbox.estate import Account, Distribution, LoadBalancer

_LISTENERS = (("HTTP", 80), ("HTTPS", 443))


def balancer_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a load balancer."""
    path = f"loadbalancer/app/{name}/{made_up('balancer', account.account_id, region, name)[:16]}"
    return f"arn:aws:elasticloadbalancing:{region}:{account.account_id}:{path}"


def listener_arn(account: Account, region: str, name: str, port: int) -> str:
    """The ARN of one of its listeners."""
    arn = balancer_arn(account, region, name).replace(":loadbalancer/", ":listener/")
    return f"{arn}/{made_up('listener', arn, str(port))[:16]}"


def listener_arns(account: Account, region: str, name: str) -> Mapping[int, str]:
    """Port -> the ARN of the listener."""
    return {port: listener_arn(account, region, name, port) for _, port in _LISTENERS}


def stage_arn(account: Account, region: str, name: str) -> str:
    """The ARN of an API's stage."""
    return f"arn:aws:apigateway:{region}::/restapis/{_api_id(account, region, name)}/stages/live"


def distribution_arn(account: Account, name: str) -> str:
    """The ARN of a distribution."""
    return f"arn:aws:cloudfront::{account.account_id}:distribution/{_distribution_id(account, name)}"


def certificate_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a certificate."""
    return f"arn:aws:acm:{region}:{account.account_id}:certificate/{made_up('certificate', region, name)}"


def _api_id(account: Account, region: str, name: str) -> str:
    return made_up("api", account.account_id, region, name)[:10]


def _distribution_id(account: Account, name: str) -> str:
    return f"E{made_up('distribution', account.account_id, name)[:13].upper()}"


def _balancers(asked: Asked) -> Answer:
    found = [_balancer(asked, name, balancer) for name, balancer in asked.here.load_balancers.items()]
    return query_reply(asked.call, {"LoadBalancers": found})


def _balancer(asked: Asked, name: str, balancer: LoadBalancer) -> dict[str, Any]:
    scheme = "internet-facing" if balancer.public else "internal"
    return {
        "LoadBalancerArn": balancer_arn(asked.account, asked.call.region, name),
        "DNSName": f"{name}.{asked.call.region}.elb.amazonaws.com",
        "CreatedTime": "2025-01-01T00:00:00Z",
        "LoadBalancerName": name,
        "Scheme": scheme,
        "State": {"Code": "active"},
        "Type": "application",
        "IpAddressType": "ipv4",
    }


def _listeners(asked: Asked) -> Answer:
    wanted = asked.call.parameter("LoadBalancerArn")
    found = []
    for name, balancer in asked.here.load_balancers.items():
        arn = balancer_arn(asked.account, asked.call.region, name)
        for protocol, port in _LISTENERS if arn == wanted else ():
            own = {
                "ListenerArn": listener_arn(asked.account, asked.call.region, name, port),
                "LoadBalancerArn": arn,
                "Port": port,
                "Protocol": protocol,
            }
            found.append(own | (_secure(balancer) if protocol == "HTTPS" else _plain(balancer)))
    if not found:
        return asked.refuse(400, "LoadBalancerNotFound", f"Load balancer '{wanted}' not found")
    return query_reply(asked.call, {"Listeners": found})


def _secure(balancer: LoadBalancer) -> dict[str, Any]:
    policy = "ELBSecurityPolicy-TLS13-1-2-2021-06" if balancer.modern_tls else "ELBSecurityPolicy-2016-08"
    return {"SslPolicy": policy, "DefaultActions": [{"Type": "forward", "Order": 1}]}


def _plain(balancer: LoadBalancer) -> dict[str, Any]:
    if not balancer.redirects:
        return {"DefaultActions": [{"Type": "forward", "Order": 1}]}
    where = {"Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "StatusCode": "HTTP_301"}
    return {"DefaultActions": [{"Type": "redirect", "Order": 1, "RedirectConfig": where}]}


def _apis(asked: Asked) -> Answer:
    return {
        "item": [
            {
                "id": _api_id(asked.account, asked.call.region, name),
                "name": name,
                "createdDate": 1735689600,
                "endpointConfiguration": {"types": ["REGIONAL" if api.public else "PRIVATE"]},
            }
            for name, api in asked.here.apis.items()
        ]
    }


def _stages(asked: Asked) -> Answer:
    wanted = asked.call.path.split("/")[2]
    if wanted not in {_api_id(asked.account, asked.call.region, name) for name in asked.here.apis}:
        return asked.refuse(404, "NotFoundException", "Invalid API identifier specified")
    return {"item": [{"stageName": "live", "deploymentId": wanted[:6], "createdDate": 1735689600}]}


def _web_acl(asked: Asked) -> Answer:
    """AWS leaves WebACL out where there is none."""
    wanted = str(asked.given.get("ResourceArn"))
    region = asked.call.region
    guarded = {
        **{balancer_arn(asked.account, region, name): one.firewall for name, one in asked.here.load_balancers.items()},
        **{stage_arn(asked.account, region, name): one.firewall for name, one in asked.here.apis.items()},
    }
    if wanted not in guarded:
        return asked.refuse(400, "WAFNonexistentItemException", "AWS WAF couldn't find the resource.")
    if not guarded[wanted]:
        return {}
    arn = f"arn:aws:wafv2:{region}:{asked.account.account_id}:regional/webacl/edge/{made_up('acl', region)}"
    return {"WebACL": {"Name": "edge", "Id": made_up("acl", region), "ARN": arn, "DefaultAction": {"Allow": {}}}}


def _distributions(asked: Asked) -> Answer:
    found = [_distribution(asked.account, name, one) for name, one in asked.account.distributions.items()]
    items = f"<Items>{xml_of(found, 'DistributionSummary')}</Items>" if found else ""
    page = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(found)}
    return reply(f"<DistributionList>{xml_of(page)}{items}</DistributionList>")


def _distribution(account: Account, name: str, distribution: Distribution) -> dict[str, Any]:
    acl = f"arn:aws:wafv2:us-east-1:{account.account_id}:global/webacl/edge/{made_up('acl', name)}"
    policy = "allow-all" if distribution.plain_http else "redirect-to-https"
    return {
        "Id": _distribution_id(account, name),
        "ARN": distribution_arn(account, name),
        "Status": "Deployed",
        "LastModifiedTime": "2025-01-01T00:00:00Z",
        "DomainName": f"{name}.cloudfront.net",
        "DefaultCacheBehavior": {"TargetOriginId": "origin", "ViewerProtocolPolicy": policy},
        "CacheBehaviors": {"Quantity": 0},
        "Comment": name,
        "Enabled": True,
        "ViewerCertificate": {"CloudFrontDefaultCertificate": False, "MinimumProtocolVersion": "TLSv1.2_2021"},
        "WebACLId": acl if distribution.firewall else "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": False,
    }


def _certificates(asked: Asked) -> Answer:
    return {
        "CertificateSummaryList": [
            {"CertificateArn": certificate_arn(asked.account, asked.call.region, name), "DomainName": name}
            for name in asked.here.certificates
        ]
    }


def _certificate(asked: Asked) -> Answer:
    for name, certificate in asked.here.certificates.items():
        arn = certificate_arn(asked.account, asked.call.region, name)
        if arn == asked.given.get("CertificateArn"):
            balancers = [balancer_arn(asked.account, asked.call.region, one) for one in asked.here.load_balancers]
            body = {
                "CertificateArn": arn,
                "DomainName": name,
                "Status": "ISSUED",
                "Type": "AMAZON_ISSUED",
                "KeyAlgorithm": "EC-prime256v1",
                "InUseBy": (balancers or [f"{arn}/used"]) if certificate.used else [],
                "NotBefore": asked.days_ago(395 - certificate.days).timestamp(),
                "NotAfter": asked.days_ago(-certificate.days).timestamp(),
            }
            return {"Certificate": body}
    return asked.refuse(400, "ResourceNotFoundException", "Could not find certificate")


ANSWERS = {
    "elasticloadbalancing:DescribeLoadBalancers": _balancers,
    "elasticloadbalancing:DescribeListeners": _listeners,
    "apigateway:GetRestApis": _apis,
    "apigateway:GetStages": _stages,
    "wafv2:GetWebACLForResource": _web_acl,
    "cloudfront:ListDistributions": _distributions,
    "acm:ListCertificates": _certificates,
    "acm:DescribeCertificate": _certificate,
}
