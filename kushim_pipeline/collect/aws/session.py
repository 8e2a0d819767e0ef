"""Clients for one connection: credentials, role, endpoint, time-outs, retries. Each is made once."""

import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from kushim_pipeline.collect.aws.regions import regions_of
from kushim_pipeline.collect.aws.times import rfc3339
from kushim_pipeline.collect.aws.wire import keep_answer, play
from kushim_pipeline.collect.http.tape import Tape
from kushim_pipeline.tenants.connection import AwsConnection

CONNECT_SECONDS = 10
READ_SECONDS = 30
ATTEMPTS = 3
# Enabled in every account ("Regions that are enabled by default", AWS account management guide): where global calls go.
_ALWAYS_ENABLED = frozenset(
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 "
    "eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2 "
    "us-gov-east-1 us-gov-west-1 cn-north-1 cn-northwest-1".split()
)
_FIRST_OF_PARTITION = {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
# boto3's clients are safe to share between threads, making one is not (boto3 guide, "Multithreading").
_making = threading.RLock()


@dataclass
class Client:
    """A boto3 client and what was learned about its endpoint in this run."""

    boto: Any
    paging: Callable[[str], Mapping[str, Any] | None]
    """Operation name -> how its pages are linked (botocore's paginator model), None for a call without pages."""
    dead: dict[str, str] = field(default_factory=dict)
    """Operation -> why it is not called any more in this run; "" stands for all operations."""
    silent: Counter[str] = field(default_factory=Counter)
    """How often in a row the endpoint gave no answer, by operation and ("") altogether."""
    throttled: bool = False
    """Whether calls are throttled even one at a time."""
    slow_lane: threading.Lock = field(default_factory=threading.Lock)


class Clients:
    """The clients of one connection, by service and region."""

    def __init__(
        self, connection: AwsConnection, secrets: Mapping[str, SecretStr], threads: int, tape: Tape | None = None
    ) -> None:
        """In: the connection, its resolved secrets by field name, how many threads call at once, and what answers
        instead of AWS. No network."""
        self._endpoint = connection.endpoint_url
        self._config = _config(connection.endpoint_url, threads, attempts=1 if tape else ATTEMPTS)
        self._clients: dict[tuple[str, str], Client] = {}
        self.home = home_region(regions_of(connection))
        with _making:
            self._session = _session(connection, secrets, self.home, self._config, tape)

    def get(self, service: str, region: str) -> Client:
        """The client of a service (boto3's name) in a region."""
        known = self._clients.get((service, region))
        if known is not None:
            return known
        with _making:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make(service, region)
            return self._clients[service, region]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.boto.close()

    def _make(self, service: str, region: str) -> Client:
        boto = self._session.client(service, region_name=region, endpoint_url=self._endpoint, config=self._config)
        if service == "s3control" and self._endpoint:
            boto.meta.events.register("before-call", _without_account_in_host)
        return Client(boto, paging=cache(lambda operation: self._paging(service, operation)))

    def _paging(self, service: str, operation: str) -> Mapping[str, Any] | None:
        try:
            model: Mapping[str, Any] = self._session._session.get_paginator_model(service).get_paginator(operation)
        except ValueError:
            return None
        return model


def home_region(regions: tuple[str, ...]) -> str:
    """The region that global calls go to: the first configured one that is enabled in every account."""
    for region in regions:
        if region in _ALWAYS_ENABLED:
            return region
    return _FIRST_OF_PARTITION.get(partition_of(regions[0]), "us-east-1")


def partition_of(region: str) -> str:
    """The partition of a region by its name (AWS general reference, "Amazon Resource Names")."""
    return "aws-us-gov" if region.startswith("us-gov-") else "aws-cn" if region.startswith("cn-") else "aws"


def _without_account_in_host(params: dict[str, Any], **_: Any) -> None:
    """S3 Control's endpoint rules put the account id in front of any host, whatever `inject_host_prefix` says."""
    params["url"] = re.sub(r"^(https?://)[0-9]{12}\.", r"\1", params["url"])


def _config(endpoint: str | None, threads: int, attempts: int) -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},  # waits are random up to 20 s
        max_pool_connections=threads,
        # The tenant file alone says where a tenant's secret is sent, never a variable of this process.
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]  # missing in the stubs
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="kushim",
        # An endpoint override is one host: nothing goes in front of it, no account id and no bucket.
        inject_host_prefix=endpoint is None,
        s3={"addressing_style": "path"} if endpoint else None,
        # This machine is reached directly, whatever HTTP_PROXY says.
        proxies={} if urlsplit(endpoint or "").hostname in ("127.0.0.1", "::1", "localhost") else None,
    )


def _session(
    connection: AwsConnection, secrets: Mapping[str, SecretStr], home: str, config: Any, tape: Tape | None
) -> Any:
    """A boto3 session that keeps every answer."""
    import boto3
    from botocore.handlers import json_decode_policies

    core = _core(secrets)
    if tape is not None:
        # Nothing is sent, so nothing is signed with what could open a door.
        core.set_credentials("replay", "replay")
        core.get_component("event_emitter").register_first("before-send.*.*", play(tape))
    elif connection.role_arn:
        # The role's session is given no keys: a botocore session that has some never asks its credential provider.
        access = boto3.Session(botocore_session=_with_keys(_core(secrets), secrets), region_name=home)
        core.register_component(
            "credential_provider", SimpleNamespace(load_credentials=lambda: _role(connection, access, config))
        )
    else:
        _with_keys(core, secrets)
    core.get_component("event_emitter").register_first("before-parse.*.*", keep_answer)
    # Policy documents are decoded at our own strict door: botocore lets a duplicate key pass.
    core.unregister("after-call.iam", json_decode_policies)
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=rfc3339)
    return boto3.Session(botocore_session=core, region_name=home)


def _core(secrets: Mapping[str, SecretStr]) -> Any:
    from botocore.session import Session

    if "access_key_id" not in secrets:
        core = Session()
    else:
        # Keys of a tenant and nothing of this machine's AWS profile beside them.
        files = {name: (None, None, os.devnull, None) for name in ("config_file", "credentials_file")}
        core = Session(session_vars={"profile": (None, [], None, None), **files})
    core.register_component("data_loader", _loader())
    return core


def _with_keys(core: Any, secrets: Mapping[str, SecretStr]) -> Any:
    if "access_key_id" in secrets:
        key, secret = secrets["access_key_id"].get_secret_value(), secrets["secret_access_key"].get_secret_value()
        token = secrets.get("session_token")
        core.set_credentials(key, secret, token.get_secret_value() if token else None)
    return core


@cache
def _loader() -> Any:
    """One loader for all connections: a service's model is megabytes of JSON, read and parsed once a process."""
    from botocore.loaders import Loader

    return Loader()


def _role(connection: AwsConnection, access: Any, config: Any) -> Any:
    """Credentials of the connection's role, fetched at the first call and again before they expire."""
    from botocore.credentials import DeferredRefreshableCredentials

    asked = {"RoleArn": connection.role_arn, "RoleSessionName": "kushim"}
    if connection.external_id:
        asked["ExternalId"] = connection.external_id

    def refresh() -> dict[str, str]:
        with _making:
            sts = access.client("sts", endpoint_url=connection.endpoint_url, config=config)
        given = sts.assume_role(**asked)["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    return DeferredRefreshableCredentials(refresh_using=refresh, method="assume-role")
