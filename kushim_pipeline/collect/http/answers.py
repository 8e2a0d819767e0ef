"""From an answer to JSON: what a status means, and the strict decoding of its body."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from kushim_pipeline.collect.http.call import Answer, Call, Unread
from kushim_pipeline.collect.http.dialect import Dialect
from kushim_pipeline.collect.http.parts import cut
from kushim_pipeline.collect.http.salvage import elements, is_whole, members
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

T = TypeVar("T")
REDIRECTS = range(300, 400)
NOT_ON_PLAN = "not on this plan: "
"""How the message of a denial begins where the vendor sells what is missing."""
CAP_ERROR_BODY = 100_000
"""Bytes of an error body that are looked into for a message."""


@dataclass(frozen=True)
class Bad:
    """An element of a page that is not JSON which every engine reads alike. `document`: a loose reading of it, only
    good for naming it; None where there is none."""

    document: Any
    message: str


def object_of(answer: Answer, call: Call, dialect: Dialect) -> dict[str, Any]:
    """The JSON object of a 200. Raises Unread for every other status and for any other body."""
    refuse(answer, call, dialect)
    document = _decoded(answer, call)
    if not isinstance(document, dict):
        raise Unread(Reason.INCOMPLETE, call.operation, f"expected a JSON object, got a {_kind(document)}")
    return document


def seen_of(
    answer: Answer, call: Call, dialect: Dialect, key: str | None, see: Callable[[Any, bool], T]
) -> tuple[dict[str, Any], list[T]]:
    """A 200's object without the list under `key` (None: the answer is the list), and what `see` makes of each of the
    list's elements, told whether the answer's bytes show all that it holds. One after the other is decoded, seen and
    let go; one that is poisonous is a Bad.

    `see` keeps nothing of an element for itself: it may be asked again. Raises Unread for anything but such a 200.
    """
    refuse(answer, call, dialect)
    found = cut(answer.body, key)
    if found is not None:
        with suppress(BadJson):
            return found.rest, [see(element, shown) for part, shown in found.parts() for element in part]
    rest, listed = ({}, elements_of(answer, call, dialect)) if key is None else envelope_of(answer, call, dialect, key)
    return rest, [see(element, False) for element in listed]


def elements_of(answer: Answer, call: Call, dialect: Dialect) -> list[Any]:
    """The elements of a 200's JSON array, one that is poisonous as Bad. Raises Unread for anything else."""
    refuse(answer, call, dialect)
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


def envelope_of(answer: Answer, call: Call, dialect: Dialect, key: str) -> tuple[dict[str, Any], list[Any]]:
    """A 200's JSON object that holds a list under `key`: the object without it, and the list's elements, one that is
    poisonous as Bad. Raises Unread for anything else, an object without that list among it."""
    refuse(answer, call, dialect)
    try:
        document = decode(answer.body)
    except BadJson:
        found = members(answer.body)
        parts = elements(found[key]) if found is not None and key in found else None
        if found is None or parts is None:
            _decoded(answer, call)
            raise Unread(Reason.INCOMPLETE, call.operation, f"the answer has no list {key}") from None
        rest = {name: _element(value) for name, value in found.items() if name != key}
        return {name: value for name, value in rest.items() if not isinstance(value, Bad)}, [
            _element(part) for part in parts
        ]
    if not isinstance(document, dict):
        raise Unread(Reason.INCOMPLETE, call.operation, f"expected a JSON object, got a {_kind(document)}")
    listed = document.pop(key, None)
    if not isinstance(listed, list):
        raise Unread(Reason.INCOMPLETE, call.operation, f"the answer has no list {key}")
    return document, listed


def refuse(answer: Answer, call: Call, dialect: Dialect) -> None:
    """Raise Unread unless the status is 200. A 404 is a denial: vendors hide with it what a token may not see."""
    special = dialect.refusal(answer, call)
    if special is not None:
        raise special
    status = answer.status
    if status == 200:
        return
    said = dialect.said(answer)
    shown = f"{dialect.vendor} answered {status}" + (f" ({said})" if said else "")
    if status in REDIRECTS:
        raise Unread(
            Reason.NOT_COLLECTED,
            call.operation,
            f"{shown}: redirects are not followed; if the organisation was renamed, write its new name into the "
            "tenant file",
        )
    if status == 401:
        raise Unread(
            Reason.DENIED, call.operation, f"{shown}: the token is wrong, expired or revoked; put in a new one"
        )
    if status in (403, 404, 422, 451):
        needs = f"; it needs {call.needs}" if call.needs else ""
        hidden = ", which is also what it answers for what a token may not see" if status == 404 else ""
        raise Unread(Reason.DENIED, call.operation, f"{shown}{hidden}: the token may not read this{needs}")
    if 200 < status < 300:
        raise Unread(Reason.INCOMPLETE, call.operation, f"{shown}: there is no answer to judge yet")
    raise Unread(Reason.NOT_COLLECTED, call.operation, f"{shown}: this is not how {dialect.vendor} answers this call")


def error_text(answer: Answer, *keys: str) -> str:
    """The vendor's own words under the first of the keys that an error's JSON object has, at most 200 characters."""
    if len(answer.body) > CAP_ERROR_BODY:
        return ""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    for key in keys:
        text = body.get(key)
        if isinstance(text, list) and text:
            text = text[0]
        if isinstance(text, str) and text:
            return text[:200]
    return ""


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
        return Bad(_readable(part), message)


def _readable(part: bytes) -> dict[str, Any] | None:
    """Those members of an object that are sound by themselves: enough to name one that is too deep to be read."""
    found: dict[str, Any] = {}
    for name, value in (members(part) or {}).items():
        try:
            found[name] = decode(value)
        except BadJson:
            continue
    return found or None


def _kind(document: Any) -> str:
    return {dict: "object", list: "array", str: "string", type(None): "null"}.get(type(document), "number")
