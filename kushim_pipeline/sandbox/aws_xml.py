"""How the services of AWS that speak XML write an answer. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from kushim_pipeline.sandbox.gate_calls import Call, Reply


def query_reply(call: Call, result: Mapping[str, Any], member: str = "member") -> Reply:
    """An answer of the query protocol. `member`: what a list's elements are called."""
    inner = f"<{call.operation}Result>{xml_of(result, member)}</{call.operation}Result>"
    metadata = "<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"
    return reply(f"<{call.operation}Response>{inner}{metadata}</{call.operation}Response>")


def xml_of(value: Any, member: str = "member") -> str:
    """A value as XML: objects by their names, lists by `member`, everything else as text."""
    if isinstance(value, Mapping):
        return "".join(f"<{key}>{xml_of(part, member)}</{key}>" for key, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"<{member}>{xml_of(part, member)}</{member}>" for part in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def reply(xml: str) -> Reply:
    """A document as a good answer."""
    return Reply(200, f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode(), {"Content-Type": "text/xml"})
