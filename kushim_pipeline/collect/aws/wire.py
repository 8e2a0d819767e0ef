"""The edge to AWS: every answer's bytes are kept before botocore parses them, and an answer of another kind is refused.

botocore emits `before-parse.<service>.<operation>` with the raw answer, before its own parser and also for each
retried attempt (botocore/endpoint.py, `_do_get_response`). Its parsers are lenient: a well-formed HTML page becomes an
empty list for the XML protocols, any text an empty answer for the JSON ones. Both would be a false "there is none".
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kushim_pipeline.collect.aws.errors import Garbled, StorageFailed
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.tape import NOT_KEPT, Tape
from kushim_pipeline.evidence.json_door import BadJson, decode

# The root elements of the answers of S3 and CloudFront (API references, "Response Syntax" of each call).
_ROOTS = {
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketEncryption": "ServerSideEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketPolicyStatus": "PolicyStatus",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetObjectLockConfiguration": "ObjectLockConfiguration",
    "GetPublicAccessBlock": "PublicAccessBlockConfiguration",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListDistributions": "DistributionList",
}
# Where services tell the code of an error; the body may not repeat it (Smithy, "Operation error serialization").
_KEPT = ("x-amzn-errortype", "x-amzn-query-error")
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")


@dataclass
class Reading:
    """The call that this thread is making: whose evidence its answers are."""

    sinks: Sequence[Collection]
    parameters: Mapping[str, Any]
    evidence: str = ""
    """The digest of the last answer's bytes."""
    body: bytes = b""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that the meaning of the answer depends on."""


_now = threading.local()


@contextmanager
def reading(sinks: Sequence[Collection], parameters: Mapping[str, Any]) -> Iterator[Reading]:
    """While inside, answers to this thread's calls are kept in every one of `sinks`, with these request parameters."""
    _now.reading = Reading(sinks, parameters)
    try:
        yield _now.reading
    finally:
        _now.reading = None


def keep_answer(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """The handler of `before-parse.*.*` (the wildcards put it before botocore's own for S3, which alter the status).

    Raises Garbled for an answer that the call does not give, after keeping its bytes.
    """
    current: Reading | None = getattr(_now, "reading", None)
    if current is None:
        return  # a call for access (AssumeRole), never for evidence: its answer holds secrets
    body: bytes = response_dict["body"]
    current.body, current.status = body, response_dict["status_code"]
    current.headers = {name: value for name, value in response_dict["headers"].items() if name.lower() in _KEPT}
    keep_page(current.sinks, current, operation_model.name)
    if current.status < 300:
        _refuse_other_kinds(operation_model, body)
    elif current.status >= 500 and not body.lstrip().startswith((b"<", b"{")):
        response_dict["body"] = b""  # botocore retries a 500 without a body, and gives up on one with another's words


def keep_page(sinks: Sequence[Collection], page: Reading, operation: str) -> None:
    """Keep an answer in collections. Raises StorageFailed when the evidence store does not take it."""
    try:
        for sink in sinks:
            page.evidence = sink.keep(
                page.body, operation=operation, parameters=page.parameters, status=page.status, headers=page.headers
            )
    except OSError as error:
        raise StorageFailed("evidence cannot be written") from error


def play(tape: Tape) -> Callable[..., Any]:
    """A handler of `before-send.*.*` that answers with what was kept, and lets no call leave the machine."""

    def answer(request: Any, event_name: str, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse
        from botocore.exceptions import HTTPClientError

        current: Reading | None = getattr(_now, "reading", None)
        operation = event_name.rpartition(".")[2]
        # Of several tries at one call the last one counts: nothing is tried again here.
        found = tape.take(current.parameters, operation, tries=True) if current else None
        if found is None:
            raise HTTPClientError(error=NOT_KEPT)
        page, body = found
        headers: Any = dict(page.headers)
        return AWSResponse(request.url, page.status, headers, _Kept(body))

    return answer


@dataclass(frozen=True)
class _Kept:
    """A body as botocore takes it."""

    body: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.body


def _refuse_other_kinds(operation_model: Any, body: bytes) -> None:
    operation = operation_model.name
    service = operation_model.service_model
    if operation == "GetBucketPolicy":  # the one S3 answer that is not XML: the policy itself
        if not body.lstrip().startswith(b"{"):
            raise Garbled("the answer to GetBucketPolicy is not a policy document")
    elif service.resolved_protocol in ("json", "rest-json"):
        try:
            document = decode(body)
        except BadJson as error:
            raise Garbled(f"the answer to {operation} is not JSON to be trusted: {error}") from None
        if not isinstance(document, dict):
            raise Garbled(f"the answer to {operation} is not a JSON object")
    else:
        found = _ROOT.match(body)
        root = found[1].decode() if found else "nothing"
        if root == "Error" and service.service_name == "s3":
            return  # S3 may say so with status 200: botocore takes it for the 500 that it is, and retries
        if root not in (_ROOTS.get(operation), f"{operation}Response", f"{operation}Result", f"{operation}Output"):
            raise Garbled(f"the answer to {operation} is not what AWS sends (it begins with <{root[:40]}>)")
