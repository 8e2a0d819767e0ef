"""Read one declared file: its bytes are kept, its rows become records, and its age and its proof are judged."""

import hashlib
import re
from collections import defaultdict
from datetime import datetime, timedelta

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.file.folder import SIDECARS, Folder, Found, Unread
from kushim_pipeline.collect.file.table import Row, Trailer, Unusable, rows
from kushim_pipeline.collect.file.taped import OPERATION
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.tenants.declared_file import DeclaredFile

_AHEAD = timedelta(minutes=5)
_SHA256 = re.compile(r"([0-9a-fA-F]{64})(?:\s.*)?", re.DOTALL)


def read(c: Collection, folder: Folder, file: DeclaredFile, now: datetime) -> None:
    """The file's rows as records: id = the key's cells, body = the declared columns, observed_at = the file's own time.

    A row that cannot be read is quarantined alone, by its line. What leaves the population itself in doubt is the
    unit's problem: no file, one that is half-written, too old, or not as declared.
    """
    try:
        name = folder.newest(file.path)
        beside = {suffix: folder.sidecar(name, suffix) for suffix in SIDECARS}
        found = folder.read(name, vouched=beside[".sha256"] is not None)
        evidence = _keep(c, found)
        for suffix, data in beside.items():
            if data is not None:
                c.keep(data, operation=OPERATION, parameters={"file": name + suffix}, status=200)
        _check_digest(found, beside[".sha256"], file)
        _check_age(c, found, file, now)
        _records(c, found, evidence, _declared(name, beside[".count"]), file)
    except Unread as trouble:
        c.problem(trouble.reason, OPERATION, str(trouble))


def _keep(c: Collection, found: Found) -> str:
    # A page's status is HTTP's; a file that was read whole has the word for that.
    parameters = {"file": found.name, "modified_at": found.modified_at.isoformat()}
    return c.keep(found.data, operation=OPERATION, parameters=parameters, status=200)


def _check_digest(found: Found, beside: bytes | None, file: DeclaredFile) -> None:
    name = f"{found.name}.sha256"
    if beside is None:
        if file.proof == "sha256":
            raise Unread(Reason.INCOMPLETE, f"{name} is missing, which says that the file is whole")
        return
    match = _SHA256.fullmatch(beside.decode("ascii", "replace").strip())
    if match is None:
        raise Unread(Reason.INCOMPLETE, f"{name} holds no SHA-256")
    if match[1].lower() != hashlib.sha256(found.data).hexdigest():
        raise Unread(Reason.INCOMPLETE, f"{found.name} is half-written or was changed: {name} has another digest")


def _check_age(c: Collection, found: Found, file: DeclaredFile, now: datetime) -> None:
    age = now - found.modified_at
    if age < -_AHEAD:
        raise Unread(Reason.INCOMPLETE, f"{found.name} was changed in the future, so nobody knows how old it is")
    if age > timedelta(days=file.max_age_days):
        message = f"{found.name} was last changed {age.days} days ago, more than {file.max_age_days}: renew it"
        c.problem(Reason.STALE, OPERATION, message)


def _declared(name: str, beside: bytes | None) -> tuple[int, str] | None:
    if beside is None:
        return None
    text = beside.decode("ascii", "replace").strip()
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Unread(Reason.INCOMPLETE, f"{name}.count holds no number")
    return int(text), f"{name}.count"


def _records(c: Collection, found: Found, evidence: str, declared: tuple[int, str] | None, file: DeclaredFile) -> None:
    counts = [declared] if declared else []
    by_id: dict[str, list[Row]] = defaultdict(list)
    trouble = None
    try:
        for item in rows(found.data, file):
            if isinstance(item, Trailer):
                counts.append((item.count, f"the last line of {found.name}"))
            elif item.id is None:
                c.unreadable(f"line {item.line}", Reason.QUARANTINED, OPERATION, f"line {item.line}: {item.wrong}")
            else:
                by_id[item.id].append(item)
    except Unusable as error:
        trouble = Unread(Reason.INCOMPLETE, f"{found.name}: {error}")
    for name, same in by_id.items():
        _record(c, name, same, found, evidence)
    if trouble is not None:
        raise trouble
    if file.proof == "count" and not counts:
        raise Unread(
            Reason.INCOMPLETE, f"nothing says how many rows {found.name} has: neither a sidecar nor its last line"
        )
    if len({count for count, _ in counts}) > 1:
        raise Unread(Reason.INCOMPLETE, f"{counts[0][1]} and {counts[1][1]} declare different numbers of rows")
    for count, by in counts:
        c.declare(count, by)


def _record(c: Collection, name: str, same: list[Row], found: Found, evidence: str) -> None:
    first = same[0]
    if len(same) > 1:
        # Nobody can say which of them is meant. Each counts as a row of the file.
        lines = ", ".join(str(row.line) for row in same[:5])
        message = f"{len(same)} rows have this key, on the lines {lines}"
        c.unreadable(name, Reason.QUARANTINED, OPERATION, message)
        for row in same[1:]:
            c.unreadable(f"line {row.line}", Reason.QUARANTINED, OPERATION, message)
    elif first.values is None:
        c.unreadable(name, Reason.QUARANTINED, OPERATION, f"line {first.line}: {first.wrong}")
    else:
        c.record(name, first.values, evidence=evidence, observed_at=found.modified_at)
