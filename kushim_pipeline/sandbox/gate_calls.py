"""Which call of AWS an HTTP request is, and how AWS writes an error in answer to it. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from kushim_pipeline.sandbox import rest_calls

Protocol = Literal["query", "ec2", "json", "rest-json", "rest-xml"]

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_PROTOCOLS: Mapping[str, Protocol] = {
    "autoscaling": "query",
    "ec2": "ec2",
    "elasticloadbalancing": "query",
    "iam": "query",
    "rds": "query",
    "sns": "query",
    "sts": "query",
    "s3": "rest-xml",
    **dict.fromkeys(rest_calls.SERVICES, "rest-json"),
    "cloudfront": "query",  # REST, but its errors are written as those of the query protocol
}
# The sub-resource of a bucket that a GET asks for (Amazon S3 API reference).
_OF_A_BUCKET = {
    "acl": "GetBucketAcl",
    "encryption": "GetBucketEncryption",
    "lifecycle": "GetBucketLifecycleConfiguration",
    "object-lock": "GetObjectLockConfiguration",
    "policy": "GetBucketPolicy",
    "policyStatus": "GetBucketPolicyStatus",
    "publicAccessBlock": "GetPublicAccessBlock",
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
}


@dataclass(frozen=True)
class Call:
    """One request. `service` is the name that it is signed for, `text` all of it in which a resource may be named."""

    key: str
    service: str
    region: str
    operation: str
    text: str
    path: str = ""
    body: str = ""

    @property
    def name(self) -> str:
        """service:Operation, as the manifest writes it."""
        return f"{self.service}:{self.operation}"

    @property
    def protocol(self) -> Protocol:
        """How the service writes its answers."""
        return _PROTOCOLS.get(self.service, "json")

    def parameter(self, name: str) -> str:
        """A parameter of a call of the query protocol; empty when it has none of that name."""
        return next(iter(parse_qs(self.text).get(name, [])), "")

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of a call that sends JSON."""
        found = json.loads(self.body) if self.body.startswith("{") else {}
        return found if isinstance(found, dict) else {}


def identify(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call that a request is. What cannot be told is empty."""
    found = _CREDENTIAL.search(headers.get("Authorization") or "")
    key, region, service = found.groups() if found else ("", "", "")
    parts = urlsplit(target)
    text = body.decode(errors="replace")
    if wanted := headers.get("X-Amz-Target"):
        operation = wanted.rpartition(".")[2]
    elif service == "s3":
        operation = _of_s3(method, parts.path, parts.query)
        text = f"{parts.path}?{parts.query}"
    elif service in rest_calls.SERVICES:
        operation = rest_calls.operation_of(service, method, parts.path)
        text = f"{target} {text}"
    else:
        operation = next(iter(parse_qs(text).get("Action", [])), "")
    return Call(key, service, region, operation, text, parts.path, body.decode(errors="replace"))


def _of_s3(method: str, path: str, query: str) -> str:
    if method != "GET":
        return ""
    if path.startswith("/v20180820/"):
        return "GetAccountPublicAccessBlock"
    wanted = parse_qs(query, keep_blank_values=True)
    if path.strip("/") == "":
        return "ListBuckets"
    return next((operation for name, operation in _OF_A_BUCKET.items() if name in wanted), "")


@dataclass(frozen=True)
class Reply:
    """An answer: HTTP status, body and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def denied(call: Call, account_id: str) -> Reply:
    """AWS's refusal of a call that an identity is not allowed to make."""
    who = f"arn:aws:sts::{account_id}:assumed-role/kushim-read/kushim"
    allows = f"no identity-based policy allows the {call.name} action"
    words = f"User: {who} is not authorized to perform: {call.name} because {allows}"
    if call.service == "ec2":
        return error(call, 403, "UnauthorizedOperation", f"You are not authorized to perform this operation. {words}")
    return error(
        call, 403, "AccessDeniedException" if call.protocol in ("json", "rest-json") else "AccessDenied", words
    )


def error(call: Call, status: int, code: str, message: str) -> Reply:
    """An error as the service of the call writes it.

    Source: "Error responses" of the IAM, EC2 and S3 API references; the smithy specification of AWS JSON 1.1 and
    restJson1, where JSON errors of clients are 400 and those of guardduty have their status.
    """
    request_id = "00000000-0000-4000-8000-000000000000"
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    match call.protocol:
        case "ec2":
            xml = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        case "rest-xml":
            xml = f"<Error>{inner}<RequestId>{request_id}</RequestId><HostId>sandbox</HostId></Error>"
        case "query":
            kind = "Sender" if status < 500 else "Receiver"
            xml = f"<Error><Type>{kind}</Type>{inner}</Error><RequestId>{request_id}</RequestId>"
            xml = f"<ErrorResponse>{xml}</ErrorResponse>"
        case _:
            in_body = {} if call.protocol == "rest-json" else {"__type": code}
            body = json.dumps(in_body | {"message": message}).encode()
            if call.protocol == "json" and status == 403:
                status = 400
            return Reply(status, body, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code})
    return Reply(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode(), {"Content-Type": "text/xml"})
