"""From an answer to JSON: what a status means, and the strict decoding of its body."""

import json
from dataclasses import dataclass
from typing import Any

from kushim_pipeline.collect.github.patience import vendor_message
from kushim_pipeline.collect.github.problem import Answer, Call, Unread
from kushim_pipeline.collect.github.salvage import elements, is_whole
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

REDIRECTS = range(300, 400)


@dataclass(frozen=True)
class Bad:
    """An element of a page that is not JSON which every engine reads alike. `document`: a loose reading of it, only
    good for naming it; None where there is none."""

    document: Any
    message: str


def object_of(answer: Answer, call: Call) -> dict[str, Any]:
    """The JSON object of a 200. Raises Unread for every other status and for any other body."""
    refuse(answer, call)
    document = _decoded(answer, call)
    if not isinstance(document, dict):
        raise Unread(Reason.INCOMPLETE, call.operation, f"expected a JSON object, got a {_kind(document)}")
    return document


def elements_of(answer: Answer, call: Call) -> list[Any]:
    """The elements of a 200's JSON array, one that is poisonous as Bad. Raises Unread for anything else."""
    refuse(answer, call)
    try:
        document = decode(answer.body)
    except BadJson:
        parts = elements(answer.body)
        if parts is None:
            document = _decoded(answer, call)
        else:
            return [_element(part) for part in parts]
    if not isinstance(document, list):
        raise Unread(Reason.INCOMPLETE, call.operation, f"expected a JSON array, got a {_kind(document)}")
    return document


def refuse(answer: Answer, call: Call) -> None:
    """Raise Unread unless the status is 200. A 404 is a denial: GitHub hides with it what a token may not see."""
    status = answer.status
    if status == 200:
        return
    said = vendor_message(answer)
    shown = f"GitHub answered {status}" + (f" ({said})" if said else "")
    if status in REDIRECTS:
        raise Unread(
            Reason.NOT_COLLECTED,
            call.operation,
            f"{shown}: redirects are not followed; if the organisation was renamed, write its new login into the "
            "tenant file",
        )
    if status == 401:
        raise Unread(
            Reason.DENIED, call.operation, f"{shown}: the token is wrong, expired or revoked; put in a new one"
        )
    if status in (403, 404, 422, 451):
        needs = f"; it needs {call.needs}" if call.needs else ""
        if "x-github-sso" in answer.headers:
            needs = "; authorise it for the organisation's single sign-on"
        hidden = ", which is also what it answers for what a token may not see" if status == 404 else ""
        raise Unread(Reason.DENIED, call.operation, f"{shown}{hidden}: the token may not read this{needs}")
    if 200 < status < 300:
        raise Unread(Reason.INCOMPLETE, call.operation, f"{shown}: there is no answer to judge yet")
    raise Unread(Reason.NOT_COLLECTED, call.operation, f"{shown}: this is not how GitHub answers this call")


def _decoded(answer: Answer, call: Call) -> Any:
    try:
        return decode(answer.body)
    except BadJson as error:
        if is_whole(answer.body):
            raise Unread(Reason.QUARANTINED, call.operation, str(error)) from None
        kind = answer.headers.get("content-type", "of no type").partition(";")[0].strip()
        what = "was cut off" if kind.endswith("json") else f"is {kind[:60]}, not JSON (from a proxy or a login page?)"
        raise Unread(Reason.INCOMPLETE, call.operation, f"the answer {what}: {error}") from None


def _element(part: bytes) -> Any:
    try:
        return decode(part)
    except BadJson as error:
        message = str(error)
    try:
        return Bad(json.loads(part), message)
    except (ValueError, RecursionError):
        return Bad(None, message)


def _kind(document: Any) -> str:
    return {dict: "object", list: "array", str: "string", type(None): "null"}.get(type(document), "number")
