"""The one door through which AWS is called: one answer, one listing of many pages, or one read for each resource."""

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from kushim_pipeline.collect.aws.errors import THROTTLED, Garbled, ReadFailed, from_answer, from_client
from kushim_pipeline.collect.aws.permissions import permission
from kushim_pipeline.collect.aws.session import Client, Clients
from kushim_pipeline.collect.aws.wire import Reading, keep_page, reading
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.receipt import Reason

MAX_TIMEOUTS = 3
Sinks = Mapping[str, Collection]
"""Stream name -> where it reports to. Holds only the streams that were asked for."""


@dataclass(frozen=True)
class Account:
    """What every reader is handed: whose account, where, and the way to it."""

    account_id: str
    partition: str
    regions: tuple[str, ...]
    """The configured regions that can be read (those that the account has not enabled are left out)."""
    clients: Clients
    details: Executor
    """The bounded pool for one call a resource."""

    @property
    def home(self) -> str:
        """The region that global calls go to."""
        return self.clients.home

    def arn(self, service: str, region: str, kind: str, name: str | None) -> str:
        """The ARN of a resource that AWS names by id only; empty when its id is missing."""
        return f"arn:{self.partition}:{service}:{region}:{self.account_id}:{kind}/{name}" if name else ""


@dataclass(frozen=True)
class Answer:
    """A parsed answer. `absent` is the code with which AWS proved that there is no such thing."""

    body: dict[str, Any]
    evidence: str
    page: Reading
    operation: str
    absent: str | None = None

    def want(self, key: str, kind: type | tuple[type, ...]) -> Any:
        """A part that this answer always has. Raises ReadFailed(incomplete) when it is missing or of another type."""
        value = self.body.get(key)
        if not isinstance(value, kind):
            raise ReadFailed(Reason.INCOMPLETE, f"the answer has no usable {key}")
        return value

    def keep_in(self, sink: Collection) -> None:
        """Keep the same answer as evidence of one more collection."""
        keep_page([sink], self.page, self.operation)


def pick(sinks: Sinks, *streams: str) -> list[Collection]:
    """The collections of those streams that were asked for."""
    return [sinks[stream] for stream in streams if stream in sinks]


def call(
    account: Account,
    region: str,
    sinks: Sequence[Collection],
    service: str,
    operation: str,
    *,
    absent: Some[str] = (),
    **parameters: Any,
) -> Answer:
    """Make one call; its answer is kept in every one of `sinks`.

    In: boto3's service name, the API's operation name, the codes which prove that there is no such thing, the request's
    parameters. Raises ReadFailed, and StorageFailed when evidence cannot be kept.
    """
    client = account.clients.get(service, region)
    try:
        return _call(client, region, sinks, service, operation, absent, parameters)
    except ReadFailed as failed:
        if failed.code not in THROTTLED or client.throttled:
            raise
    # Many at once were too many. One at a time most get through; once even that fails, it is not tried again.
    with client.slow_lane:
        try:
            return _call(client, region, sinks, service, operation, absent, parameters)
        except ReadFailed as failed:
            client.throttled = failed.code in THROTTLED
            raise


def _call(
    client: Client,
    region: str,
    sinks: Sequence[Collection],
    service: str,
    operation: str,
    absent: Some[str],
    parameters: Mapping[str, Any],
) -> Answer:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.parsers import ResponseParserError

    if client.dead:
        raise ReadFailed(Reason.NOT_COLLECTED, client.dead)
    with reading(sinks, {"region": region, **parameters}) as page:
        try:
            body: dict[str, Any] = getattr(client.boto, xform_name(operation))(**parameters)
        except ClientError as error:
            said = error.response.get("Error", {})
            code = str(said.get("Code", ""))
            if code in absent and page.evidence:
                return Answer({}, page.evidence, page, operation, absent=code)
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            asked = (
                permission(service, operation) if error.operation_name == operation else f"sts:{error.operation_name}"
            )
            raise from_answer(code, status, str(said.get("Message", "")), asked) from None
        except HTTPClientError as error:
            failed = from_client(error)
            _note(client, error, failed)
            raise failed from None
        except (BotoCoreError, ResponseParserError, Garbled) as error:
            raise from_client(error) from None
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
        ) as error:  # out of botocore's parsers, for a broken field
            raise from_client(error) from None
    client.timeouts = 0
    body.pop("ResponseMetadata", None)
    return Answer(body, page.evidence, page, operation)


def _note(client: Client, error: Exception, failed: ReadFailed) -> None:
    """An endpoint that cannot be connected to is not asked again in this run; one that hangs, not after a few times."""
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError

    client.timeouts += 1
    if client.timeouts >= MAX_TIMEOUTS or isinstance(
        error, EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError | SSLError
    ):
        client.dead = f"not asked any more: {failed.message}"
