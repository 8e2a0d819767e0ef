"""The one door through which AWS is called: one answer, one listing of many pages, or one read for each resource."""

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kushim_pipeline.collect.aws.errors import THROTTLED, ReadFailed, from_answer, from_client
from kushim_pipeline.collect.aws.permissions import permission
from kushim_pipeline.collect.aws.session import Client, Clients
from kushim_pipeline.collect.aws.wire import Reading, keep_page, reading
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Reason

MAX_SILENCES = 3
"""An operation that gave no answer so often in a row is not called any more in this run."""
MAX_SILENCES_ALTOGETHER = 20
"""The same for a service in a region, whatever the operations."""

Sinks = Mapping[str, Collection]
"""Stream name -> where it reports to. Holds only the streams that were asked for."""


@dataclass(frozen=True)
class Account:
    """What every reader is handed: whose account, where, and the way to it."""

    account_id: str
    partition: str
    regions: tuple[str, ...]
    """The regions that can be read (those that the account has not enabled are left out)."""
    clients: Clients
    details: Executor
    """The bounded pool for one call a resource."""
    pace: Pace = field(default_factory=Pace)

    @property
    def now(self) -> datetime:
        """The moment from which windows are counted, the same for all streams of a run."""
        return datetime.fromtimestamp(self.pace.now(), UTC)

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
        first = failed
    # Many at once were too many. One at a time most get through; once even that fails, it is not tried again.
    with client.slow_lane:
        if client.throttled:
            raise first
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
    from botocore.exceptions import ConnectionError as Unconnected
    from botocore.parsers import ResponseParserError

    if dead := client.dead.get("") or client.dead.get(operation):
        raise ReadFailed(Reason.NOT_COLLECTED, dead)
    with reading(sinks, {"region": region, **parameters}) as page:
        try:
            body: dict[str, Any] = getattr(client.boto, xform_name(operation))(**parameters)
        except ClientError as error:
            said = error.response.get("Error", {})
            code = str(said.get("Code", ""))
            if code in absent and page.evidence:
                return Answer({}, page.evidence, page, operation, absent=code)
            # Getting the credentials is a call of its own, made on the way (AssumeRole).
            mine = error.operation_name == operation
            asked = permission(service, operation) if mine else f"sts:{error.operation_name}"
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            raise from_answer(code, status, str(said.get("Message", "")), asked) from None
        except (HTTPClientError, Unconnected) as error:
            failed = from_client(error)
            _note_silence(client, operation, error, failed)
            raise failed from None
        # What botocore's parsers raise, for a broken document (their own error) or a broken field (any other).
        except (BotoCoreError, ResponseParserError, ValueError, TypeError, KeyError, AttributeError) as error:
            if page.status >= 300:
                asked = permission(service, operation)
                raise from_answer("", page.status, "the body is not an error of AWS", asked) from None
            raise from_client(error) from None
    if client.silent:
        client.silent.clear()
    body.pop("ResponseMetadata", None)
    return Answer(body, page.evidence, page, operation)


def _note_silence(client: Client, operation: str, error: Exception, failed: ReadFailed) -> None:
    """An endpoint that cannot be connected to is not asked again in this run; one that is silent, not for ever."""
    from botocore.exceptions import ConnectionError as Unconnected

    client.silent.update((operation, ""))
    why = f"not called any more in this run: {failed.message}"
    if isinstance(error, Unconnected) or client.silent[""] >= MAX_SILENCES_ALTOGETHER:
        client.dead[""] = why
    elif client.silent[operation] >= MAX_SILENCES:
        client.dead[operation] = why
