"""Secrets Manager: what is known about the secrets, never a secret."""

from kushim_pipeline.collect.aws.calls import Account, Sinks
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import listing

_STREAM = "aws.secretsmanager_secret"


def read_secrets(account: Account, region: str, sinks: Sinks) -> None:
    """The secrets' metadata, those among them that are to be deleted."""
    sink = sinks[_STREAM]
    for secret, evidence in listing(
        account, region, [sink], "secretsmanager", "ListSecrets", "SecretList", IncludePlannedDeletion=True
    ):
        sink.record(secret.get("ARN") or "", steady(_STREAM, secret, account.now), evidence=evidence)
