"""Where an account is built: boto3 clients that act in it, and a name for every resource that a check may judge."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kushim_pipeline.sandbox.estate import Account

_ROLE = "arn:aws:iam::{}:role/sandbox-builder"


class Clients:
    """boto3 clients against moto, made once for all accounts: entering one only changes whose keys they sign with."""

    def __init__(self, endpoint: str) -> None:
        """In: moto's URL. No network."""
        import boto3
        from botocore.config import Config
        from botocore.session import Session

        core = Session()
        core.set_credentials("sandbox", "sandbox")
        self._endpoint = endpoint
        self._keys: Any = core.get_credentials()
        self._session: Any = boto3.Session(botocore_session=core)
        self._config = Config(
            parameter_validation=False,  # a third of a call's cost, and moto says what is wrong as well
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        )
        self._made: dict[tuple[str, str], Any] = {}

    def get(self, service: str, region: str = "us-east-1") -> Any:
        """The client of a service in a region."""
        if (service, region) not in self._made:
            client = self._session.client(service, region_name=region, endpoint_url=self._endpoint, config=self._config)
            if service == "s3control":
                client.meta.events.register("before-call", _without_account_in_host)
            self._made[service, region] = client
        return self._made[service, region]

    def enter(self, account_id: str) -> None:
        """Act in this account from here on: moto takes whoever assumed a role of an account for that account."""
        self._keys.access_key, self._keys.secret_key, self._keys.token = "sandbox", "sandbox", None
        found = self.get("sts").assume_role(RoleArn=_ROLE.format(account_id), RoleSessionName="sandbox")["Credentials"]
        self._keys.access_key, self._keys.token = found["AccessKeyId"], found["SessionToken"]
        # The same ids on every run: moto draws them all from one generator, and one account is built after the other.
        with urllib.request.urlopen(f"{self._endpoint}/moto-api/seed?a={int(account_id)}"):  # noqa: S310 # loopback
            pass

    def close(self) -> None:
        """Close the connections."""
        for client in self._made.values():
            client.close()


def _without_account_in_host(params: dict[str, Any], **_: Any) -> None:
    """S3 Control puts the account id in front of any host; there is no such name on loopback."""
    scheme, _, rest = params["url"].partition("://")
    account, _, host = rest.partition(".")
    if account.isdigit() and len(account) == 12:
        params["url"] = f"{scheme}://{host}"


@dataclass
class Site:
    """An account that is being built. `names`: what the manifest calls a resource -> its id."""

    alias: str
    account: Account
    clients: Clients
    external_id: str
    names: dict[str, str] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    """What later parts of the account refer to: subnets, groups and the like by `region/kind/name`."""

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A client that acts in this account."""
        return self.clients.get(service, region)

    def name(self, kind: str, name: str, resource_id: str, region: str = "") -> str:
        """Name a resource `alias/[region/]kind/name`. Out: its id."""
        parts = [self.alias, region, kind, name]
        self.names["/".join(part for part in parts if part)] = resource_id
        return resource_id

    def arn(self, service: str, region: str, resource: str) -> str:
        """The ARN of a resource of this account."""
        return f"arn:aws:{service}:{region}:{self.account.account_id}:{resource}"


@contextmanager
def clients(endpoint: str) -> Iterator[Clients]:
    """Clients against moto while inside."""
    made = Clients(endpoint)
    try:
        yield made
    finally:
        made.close()
