"""ACM: certificates of every kind of key, and who uses each."""

from kushim_pipeline.collect.aws.calls import Account, Sinks
from kushim_pipeline.collect.aws.listing import each, listing, one, record_part

# Without them the list holds RSA_1024 and RSA_2048 alone (API reference of Filters).
_KEY_TYPES = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]


def read_certificates(account: Account, region: str, sinks: Sinks) -> None:
    """The certificates, then what ACM says about each."""
    sink = sinks["aws.acm_certificate"]
    operation, key = "ListCertificates", "CertificateSummaryList"
    filters = {"keyTypes": _KEY_TYPES}
    found = [
        str(summary.get("CertificateArn") or "")
        for summary, _ in listing(account, region, [sink], "acm", operation, key, Includes=filters)
    ]

    def read(arn: str) -> None:
        answer = one(account, region, [sink], arn, "acm", "DescribeCertificate", CertificateArn=arn)
        record_part([sink], arn, answer, lambda answer: answer.want("Certificate", dict))

    each(account, read, found)
