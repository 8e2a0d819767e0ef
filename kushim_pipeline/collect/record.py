"""One record: a resource made ready to be reported to a collection."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from kushim_pipeline.evidence.json_door import BadJson, canonical, decode

MAX_RESOURCE_ID = 2048
_LINE = b'{"body":%b,"evidence":%b,"hash":"%b","id":%b,"observed_at":%b}'
# A record in its canonical form, around that of its body: keys stand in the order of the alphabet.
_NUL = b"\\u0000"


class Packed(NamedTuple):
    """A resource ready to be reported: its line among the records, the hash of its body, its mark. `shown`: whether its
    page's bytes show all that it holds. `trouble`: why it cannot be reported; its id is then empty where it has none
    that is usable."""

    id: str
    line: bytes
    hash: str
    mark: str
    shown: bool = False
    trouble: str = ""


def pack(
    resource_id: str,
    body: Mapping[str, Any] | bytes,
    evidence: str,
    shown: bool = False,
    observed_at: datetime | None = None,
    mark: str = "",
) -> Packed:
    """A resource as `Collection.record` takes it, made ready without reporting it.

    In: `shown`, whether the page's bytes show all that the body holds, as `decode_shown` says it.
    """
    if not resource_id or len(resource_id) > MAX_RESOURCE_ID:
        return Packed("", b"", "", "", trouble="a record has no usable id")
    try:
        raw = body if isinstance(body, bytes) else canonical(body)
        name = canonical(resource_id)
        if b"\\" in raw and _NUL in raw:
            decode(raw)
    except BadJson as error:
        return Packed(clean(resource_id), b"", "", "", trouble=str(error))
    digest = hashlib.sha256(raw).hexdigest()
    at = b"null" if observed_at is None else canonical(observed_at.astimezone(UTC).isoformat())
    line = _LINE % (raw, canonical(evidence), digest.encode(), name, at)
    return Packed(resource_id, line, digest, mark, shown)


def clean(text: str) -> str:
    """A text without what neither a database nor a terminal should be handed: control characters, half surrogates."""
    return "".join(
        character if character.isprintable() and not "\ud800" <= character <= "\udfff" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
