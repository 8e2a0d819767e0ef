"""AWS's ways to write a time, as one: RFC 3339 in UTC with a `Z`."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:?\d\d)?")


def rfc3339(value: str | float) -> str:
    """A time as boto3 finds it on the wire, as RFC 3339 in UTC.

    In: ISO 8601 (Query and EC2 APIs, S3), seconds since 1970 (JSON APIs) or an HTTP date (headers). A time without an
    offset is UTC (AWS general reference). Out: `2026-11-23T03:02:04Z`, with a fraction only where there is one. What is
    no time comes back as it is: the one field is then invalid, and not the page that it stands in.
    """
    if isinstance(value, str):
        match = _ISO.fullmatch(value)
        if match and match[4] in (None, "Z"):
            fraction = (match[3] or "").rstrip("0")
            return f"{match[1]}T{match[2]}.{fraction}Z" if fraction else f"{match[1]}T{match[2]}Z"
    try:
        moment = _moment(value)
    except (ValueError, OverflowError, OSError, TypeError):
        return str(value)
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if '.' in text else text}Z"


def instant(text: str | None) -> datetime | None:
    """An RFC 3339 text as a time with zone; None when it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _moment(value: str | float) -> datetime:
    if not isinstance(value, str):
        return datetime.fromtimestamp(value, UTC)
    if _ISO.fullmatch(value):
        return datetime.fromisoformat(value)
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except ValueError:
        moment = parsedate_to_datetime(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
