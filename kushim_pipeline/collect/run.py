"""Collect one source of one tenant: plan, read, and end every expected unit in a receipt."""

import hashlib
import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import SecretStr

from kushim_pipeline import __version__
from kushim_pipeline.collect.before import Head, heads, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.limiter import FileBook, NoBook
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.collect.unwritable import EvidenceUnwritable, Watched
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Reason, Receipt
from kushim_pipeline.evidence.store import EvidenceStore
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.tenants.config import Connection, TenantConfig
from kushim_pipeline.tenants.secret import MissingSecret, Resolver, from_environment, mask, resolve_all
from kushim_pipeline.tenants.spelling import spellings

SOURCES = ("aws", "github", "okta", "jira", "slack", "file")

# What an exception's text may carry: `?api_key=…`, `Authorization: Bearer …`, an AWS signature, a GitHub token. A
# sentence that goes on after a colon ("an API token: of an administrator") does so by one of these words.
_GOES_ON = r"(?:an?|the|of|to|in|on|for|from|by|with|without|is|it|no|not|this|that|which|who|only)\s"
_LEAKS = re.compile(
    r"(?i)((?:api[_-]?key|token|secret|password|signature|credential|authorization)[\"']?\s*[=:]\s*[\"']?"
    rf"(?:bearer|basic|token|ssws)?\s*)(?!(?<=:\s){_GOES_ON})[^\s&,;\"'}}]+|"
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bgh[pousr]_[A-Za-z0-9]{10,}|\bgithub_pat_\w+|\bxox[a-z]-[\w-]+"
)
# One of these stands in whatever the expression finds, the names with one of these after them. To look for that takes a
# tenth of its time.
_NAMES = "apikey api_key api-key token secret password signature credential authorization".split()
_GIVEN = re.compile(r"[\"']?\s*[=:]")
_HINTS = ("akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox")

# An access key's id is a name: AWS shows it in its reports.
NO_SECRET = ("access_key_id",)
# A shorter value may stand in an answer by chance, e.g. a sandbox's token that is a word.
_SHORTEST = 8

OpenCollection = Callable[[Unit], Collection]
Progress = Callable[[Receipt], None]


class Source(Protocol):
    """What a source's `streams` module offers."""

    def units(self, tenant_id: str, connection: Connection) -> list[Unit]:
        """The units that a connection is expected to give. No network."""

    def collect(
        self,
        connection: Connection,
        secrets: Mapping[str, SecretStr],
        units: Iterable[Unit],
        open_collection: OpenCollection,
        progress: Callable[[Unit], None],
        pace: Pace,
    ) -> None:
        """Read the units; call progress(unit) as soon as nothing more will be reported about a unit."""


@dataclass(frozen=True)
class Stores:
    """Where a collection writes. `limits`: the folder where calls are counted between runs; None for not at all."""

    evidence: EvidenceStore
    ledger: Ledger
    limits: Path | None = None


def source_module(source: str) -> Source:
    """The reading code of a source, imported only when it is wanted. Raises KeyError for a source without any."""
    if source not in SOURCES:
        raise KeyError(f"source {source} is not collected by this version; it collects {', '.join(SOURCES)}")
    return cast(Source, importlib.import_module(f"kushim_pipeline.collect.{source}.streams"))


def expected_units(tenant: TenantConfig, source: str | None = None) -> list[Unit]:
    """Every unit that the tenant's connections are expected to give, of one source or of all that are collected."""
    return [
        unit
        for connection in tenant.connections
        if connection.source in SOURCES and source in (None, connection.source)
        for unit in source_module(connection.source).units(tenant.tenant, connection)
    ]


def collect_source(
    tenant: TenantConfig,
    source: str,
    stores: Stores,
    secrets: Resolver | Mapping[str, str],
    progress: Progress | None = None,
    *,
    full: bool = False,
) -> list[Receipt]:
    """Read every unit of a tenant's connections to one source.

    In: the tenant, which source, where to write, who resolves references to secrets (or the environment alone, which
    knows `env:`), who is told of each receipt, and whether to read all anew where what changed would be enough. Out: a
    receipt for every expected unit, whatever happened. What was planned is in the ledger before the first call, so that
    a collection which was cut off is seen. Raises only when evidence or ledger cannot be written.
    """
    receipts: list[Receipt] = []
    resolver = from_environment(secrets) if isinstance(secrets, Mapping) else secrets
    for connection in tenant.connections:
        if connection.source == source:
            receipts += _collect_connection(tenant, connection, stores, resolver, progress or _silent, full)
    return receipts


def _collect_connection(
    tenant: TenantConfig,
    connection: Connection,
    stores: Stores,
    resolver: Resolver,
    progress: Progress,
    full: bool,
) -> list[Receipt]:
    module = source_module(connection.source)
    failure = "the collection ended before this unit was read"
    secrets: dict[str, SecretStr] = {}
    try:
        secrets = resolve_all(connection.secret_refs(), resolver, tenant.tenant)
    except MissingSecret as error:
        failure = f"{error}; {error.instead}" if error.instead else str(error)
    planned = module.units(tenant.tenant, connection)
    known = heads(stores.ledger, tenant.tenant)
    moment = datetime.now(UTC)
    stores.ledger.append(
        tenant.tenant,
        "plan",
        {
            "connection_id": connection.connection_id,
            "source": connection.source,
            "units": [[unit.stream, unit.scope] for unit in planned],
            "planned_at": moment.isoformat(),
        },
    )
    masked = masking(secrets.values())
    repeats = repeating(secret for field, secret in secrets.items() if field not in NO_SECRET)
    evidence = Watched(stores.evidence)
    collections: dict[Unit, Collection] = {}
    receipts: dict[Unit, Receipt] = {}

    def open_collection(unit: Unit) -> Collection:
        version = code_version(connection.source)
        head = known.get((unit.connection_id, unit.stream, unit.scope), Head())
        collection = Collection(
            unit,
            evidence,
            code_version=version,
            mask=masked,
            repeats=repeats,
            head=head,
            before=partial(load_before, evidence, tenant.tenant, Head() if full else head),
            as_of=moment,
        )
        collections[unit] = collection
        return collection

    def finish(unit: Unit) -> None:
        if unit in receipts:
            return
        receipt = collections[unit].finish()
        stores.ledger.append(tenant.tenant, "receipt", ledger_entry(receipt, write_receipt(evidence, receipt)))
        receipts[unit] = receipt
        progress(receipt)

    try:
        if secrets or not connection.secret_refs():
            pace = replace(_pace(tenant, connection, stores), as_of=moment.timestamp())
            module.collect(connection, secrets, planned, open_collection, finish, pace)
    except Exception as error:  # noqa: BLE001 # whatever a client raises ends in receipts, never in another tenant's run
        failure = f"{type(error).__name__}: {error}"
    if evidence.refused:
        # The disk, not the vendor: without a place for evidence nothing may go on.
        raise EvidenceUnwritable(f"evidence cannot be written: {evidence.refused}") from evidence.refused
    for unit in planned:
        if unit not in receipts:
            if unit not in collections:
                open_collection(unit)
            collections[unit].problem(Reason.NOT_COLLECTED, "collect", failure)
            finish(unit)
    return [receipts[unit] for unit in planned]


def ledger_entry(receipt: Receipt, digest: str) -> dict[str, Any]:
    """What the ledger says of a receipt that is kept under a digest."""
    return {
        "receipt": digest,
        "connection_id": receipt.connection_id,
        "stream": receipt.stream,
        "scope": receipt.scope,
        "outcome": receipt.outcome.value,
        "whole": receipt.lists_all,
        "population": receipt.population,
        **({} if receipt.shrunk_to is None else {"shrunk_to": receipt.shrunk_to}),
        **({} if receipt.replay_of is None else {"replay_of": receipt.replay_of}),
    }


def _pace(tenant: TenantConfig, connection: Connection, stores: Stores) -> Pace:
    if stores.limits is None:
        return Pace(share=connection.budget_share, book=NoBook())
    name = re.sub(r"[^A-Za-z0-9.-]", "_", connection.connection_id)
    return Pace(share=connection.budget_share, book=FileBook(stores.limits / tenant.tenant / f"{name}.json"))


def masking(secrets: Iterable[SecretStr]) -> Callable[[str], str]:
    """A function that takes secrets, and whatever looks like one, out of a text that is about to be kept or shown."""
    known = tuple(secrets)

    def masked(text: str) -> str:
        text = mask(text, known)
        return _LEAKS.sub(lambda found: (found.group(1) or "") + "***", text) if _may_leak(text) else text

    return masked


def _may_leak(text: str) -> bool:
    """Whether a text may hold what `_LEAKS` finds; beyond ASCII there are letters that count as others."""
    if not text.isascii():
        return True
    low = text.lower()
    for hint in _HINTS:  # noqa: SIM110 # as in `repeats`
        if hint in low:
            return True
    for name in _NAMES:
        after = low.find(name) + len(name)
        while after >= len(name):
            if _GIVEN.match(low, after):
                return True
            after = low.find(name, after) + len(name)
    return False


def repeating(secrets: Iterable[SecretStr]) -> Callable[[bytes], bool]:
    """A function that says whether bytes hold one of the secrets, in any spelling; very short ones are passed over."""
    values = [secret.get_secret_value() for secret in secrets]
    forms = {
        form.encode("utf-8", "surrogatepass")
        for value in values
        if len(value) >= _SHORTEST
        for form in spellings(value)
    }

    def repeats(data: bytes) -> bool:
        for form in forms:  # noqa: SIM110 # asked for every record: a generator takes twice the time
            if form in data:
                return True
        return False

    return repeats


@cache
def code_version(source: str) -> str:
    """The package's version and a digest of the source's reading code: what a receipt names as its reader."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in (*sorted((here / source).glob("*.py")), *sorted((here / "http").glob("*.py"))):
        digest.update(path.read_bytes())
    return f"{__version__}+{source}.{digest.hexdigest()[:12]}"


def _silent(_: Receipt) -> None:
    """Show no progress."""
