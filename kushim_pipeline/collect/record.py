"""One record: a resource made ready to be reported to a collection."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from kushim_pipeline.evidence.json_door import BadJson, canonical, decode

MAX_RESOURCE_ID = 2048
_REST = b',"evidence":"%b","hash":"%b","id":%b,"observed_at":%b}'
# A record in its canonical form, after that of its body: keys stand in the order of the alphabet.
_ALONE = 2048
_BLOCK = 31 * 64  # whole blocks of SHA-256, and fewer bytes than _ALONE
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
    digest = _sha256(raw)
    at = b"null" if observed_at is None else canonical(observed_at.astimezone(UTC).isoformat())
    line = b"".join((b'{"body":', raw, _REST % (evidence.encode(), digest.encode(), name, at)))
    return Packed(resource_id, line, digest, mark, shown)


def _sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hex. From 2,048 bytes on hashlib lets other threads run meanwhile, and to be put to
    sleep and woken for each record costs more than the hash: so a few at a time."""
    if len(data) < _ALONE:
        return hashlib.sha256(data).hexdigest()
    digest = hashlib.sha256()
    for begin in range(0, len(data), _BLOCK):
        digest.update(data[begin : begin + _BLOCK])
    return digest.hexdigest()


def clean(text: str) -> str:
    """A text without what neither a database nor a terminal should be handed: control characters, half surrogates."""
    return "".join(
        character if character.isprintable() and not "\ud800" <= character <= "\udfff" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
