"""SSM: hosts that it manages, and how far each is patched."""

from kushim_pipeline.collect.aws.calls import Account, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, pages, proven_empty

_HOST, _PATCHES = "aws.ssm_instance", "aws.ssm_patch_state"
_BATCH = 50
"""How many hosts one call may ask for (API reference of DescribeInstancePatchStates)."""


def read_hosts(account: Account, region: str, sinks: Sinks) -> None:
    """Managed hosts, then their patch states. A host that was never scanned has none."""
    whole = pick(sinks, _HOST, _PATCHES)
    operation, key = "DescribeInstanceInformation", "InstanceInformationList"
    hosts: list[str] = []
    for host, evidence in listing(account, region, whole, "ssm", operation, key):
        name = str(host.get("InstanceId") or "")
        for sink in pick(sinks, _HOST):
            sink.record(host_arn(account, region, name), steady(_HOST, host, account.now), evidence=evidence)
        hosts += [name] if name else []
    patches = pick(sinks, _PATCHES)
    proven_empty(patches, f"no host that SSM manages in {region} was ever scanned for patches")

    def read(batch: list[str]) -> None:
        try:
            for page in pages(account, region, patches, "ssm", "DescribeInstancePatchStates", InstanceIds=batch):
                for state in page.want("InstancePatchStates", list):
                    arn = host_arn(account, region, str(state.get("InstanceId") or ""))
                    for sink in patches:
                        sink.record(arn, state, evidence=page.evidence)
        except ReadFailed as failed:
            for name in batch:
                for sink in patches:
                    sink.unreadable(
                        host_arn(account, region, name), failed.reason, "DescribeInstancePatchStates", failed.message
                    )

    if patches:
        each(account, read, [hosts[at : at + _BATCH] for at in range(0, len(hosts), _BATCH)])


def host_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a managed host: an EC2 instance, or a machine of one's own (`mi-`); empty without an id."""
    own = name.startswith("mi-")
    return account.arn("ssm" if own else "ec2", region, "managed-instance" if own else "instance", name)
