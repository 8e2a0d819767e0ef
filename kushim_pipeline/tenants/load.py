"""Load tenant files: those that are right, and a Problem with file and line for everything that is wrong.

One tenant's mistake refuses that tenant alone. No problem repeats a secret, nor what might be one.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from kushim_pipeline.tenants.config import TENANT_ID, FileConnection, TenantConfig
from kushim_pipeline.tenants.drop import DROP, allowed
from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS, check_base_url
from kushim_pipeline.tenants.problem import Problem, find, from_pydantic, shown
from kushim_pipeline.tenants.secret import MissingSecret, Resolver, looks_like_credential, resolve
from kushim_pipeline.tenants.yaml_tree import MAX_BYTES, Node, NotYaml, plain_data, read, repeated_keys

PolicyCheck = Callable[[Mapping[str, object]], object]
"""Raises ValueError for policy values that are not right, e.g. `partial(catalogue.policy.resolve, keys)`."""


@dataclass(frozen=True)
class Loaded:
    """The tenants that can run, by file name, and everything that keeps others from it."""

    tenants: tuple[TenantConfig, ...]
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> frozenset[str]:
        """The ids of tenants whose files were refused (a file whose id cannot be read has none)."""
        return frozenset(p.tenant for p in self.problems if p.tenant)


@dataclass(frozen=True)
class _File:
    path: Path
    tenant: str | None
    line: int
    config: TenantConfig | None
    problems: tuple[Problem, ...]


def load_tenants(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    policy: PolicyCheck | None = None,
    check_secrets: bool = True,
    resolver: Resolver | None = None,
) -> Loaded:
    """The tenants of a YAML file, or of a folder of *.yaml and *.yml files. Never raises for what a file holds.

    `environ` (default: the process's) says which secrets exist and whether private hosts are allowed; `policy` judges
    the policy, a key at a time; `check_secrets=False` does not ask whether the secrets are there (for commands that
    read nothing from a vendor); `resolver` is asked (default: the environment, and nobody for `secret:` references).
    """
    environ = os.environ if environ is None else environ
    policy = policy and _once(policy)
    resolver = (resolver or _environment_alone(environ)) if check_secrets else None
    try:
        paths = _paths(path)
    except OSError as error:
        return Loaded((), (_unreadable(path, error),))
    if not paths:
        what = "this folder has no tenant file" if path.is_dir() else "there is no such file or folder"
        instead = "write a tenant file there (see docs/tenants.md), or let KUSHIM_TENANTS name where yours are"
        return Loaded((), (Problem(path, None, None, what, instead),))
    files = _refuse_shared_ids([_load(file, environ, policy, resolver) for file in paths])
    return Loaded(
        tuple(file.config for file in files if file.config is not None and not file.problems),
        tuple(problem for file in files for problem in file.problems),
    )


def not_active(tenant: TenantConfig) -> str:
    """Why a tenant is not collected, in words."""
    again = f"kushim tenants resume {tenant.tenant} makes it active again"
    return f"tenant {tenant.tenant} is {tenant.state}, so nothing of it is collected; {again}"


def _paths(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.exists() else []
    found = (p for p in path.iterdir() if p.suffix in (".yaml", ".yml") and not p.name.startswith("."))
    return sorted(found, key=lambda p: p.name)


def _load(path: Path, environ: Mapping[str, str], policy: PolicyCheck | None, resolver: Resolver | None) -> _File:
    data = b""
    try:
        data = _bytes(path)
        if (sound := _sound(data)) is not None:
            known, line = _placed(sound[0], path), sound[1]
            found = [
                *_policy_problems(known, data, path, policy),
                *_connection_problems(known, data, path, environ, resolver),
            ]
            return _File(path, known.tenant, line, known, tuple(sorted(found, key=lambda problem: problem.line or 0)))
        root = _root(data)
    except NotYaml as error:
        claimed, line = _claimed(data)
        return _File(path, claimed, line, None, (Problem(path, error.line, claimed, error.what, error.instead),))
    except OSError as error:
        return _File(path, None, 1, None, (_unreadable(path, error),))
    pair = root.get("tenant")
    tenant = (
        pair[1].text if pair and TENANT_ID.fullmatch(pair[1].text) and not looks_like_credential(pair[1].text) else None
    )
    problems = [
        Problem(
            path,
            key.line,
            tenant,
            f"the key {shown(key.text) or ''} stands twice in one mapping (before on line {first.line})".replace(
                "  ", " "
            ),
            "keep one of them",
        )
        for key, first in repeated_keys(root)
    ]
    config: TenantConfig | None = None
    try:
        config = _placed(TenantConfig.model_validate(_data(root)), path)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
        problems += [from_pydantic(item, root, path, tenant) for item in wrong]
    else:
        problems += _policy_problems(config, data, path, policy)
        problems += _connection_problems(config, data, path, environ, resolver)
    problems.sort(key=lambda problem: problem.line or 0)
    return _File(path, tenant, pair[0].line if pair else 1, config, tuple(problems))


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise NotYaml(None, "this is not a file", "write a tenant file, or remove this")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _root(data: bytes) -> Node:
    root = read(data)
    if root.kind != "mapping":
        raise NotYaml(root.line, "a tenant file holds keys and values", "begin it with tenant: and the tenant's id")
    return root


@lru_cache(maxsize=20_000)
def _sound(data: bytes) -> tuple[TenantConfig, int] | None:
    """What a file without a mistake says, and the line of its id; None for any other. Raises NotYaml.

    Kept by content, so a file that is rewritten within its clock's tick is read anew: the schedule and the sensors of a
    running code server read a thousand files at every tick, and hardly one of them has changed.
    """
    root = _root(data)
    pair = root.get("tenant")
    if pair is None or looks_like_credential(pair[1].text) or any(repeated_keys(root)):
        return None
    try:
        return TenantConfig.model_validate(_data(root)), pair[0].line
    except ValidationError:
        return None


def _once(policy: PolicyCheck) -> PolicyCheck:
    """Judge equal values once: most tenants have the same."""
    right: set[tuple[str, type, str]] = set()

    def check(values: Mapping[str, object]) -> None:
        keys = {(key, type(value), repr(value)) for key, value in values.items()}
        if not keys <= right:
            policy(values)
            right.update(keys)

    return check


def _claimed(data: bytes) -> tuple[str | None, int]:
    """Whose a file that is not YAML says it is, and on which line."""
    found = re.search(rb"^tenant:[ \t]*([a-z0-9-]{1,40})[ \t\r]*(?:#.*)?$", data, re.MULTILINE)
    tenant = found[1].decode() if found else None
    if found is None or tenant is None or looks_like_credential(tenant):
        return None, 1
    return tenant, data.count(b"\n", 0, found.start()) + 1


def _data(root: Node) -> dict[str, Any]:
    """Everything as text, as the models want it; only policy values have YAML's types."""
    return {key.text: plain_data(value, typed=key.text == "policy") for key, value in root.pairs}


def _placed(config: TenantConfig, path: Path) -> TenantConfig:
    """The configuration of a file at `path`: its drop folders start from where the file lies."""
    if not any(isinstance(connection, FileConnection) for connection in config.connections):
        return config
    base = path.absolute().parent
    placed = [c.below(base) if isinstance(c, FileConnection) else c for c in config.connections]
    return config.model_copy(update={"connections": tuple(placed)})


def _policy_problems(config: TenantConfig, data: bytes, path: Path, policy: PolicyCheck | None) -> Iterator[Problem]:
    if policy is None:
        return
    for key, value in config.policy.items():
        try:
            policy({key: value})
        except ValueError as error:
            _, line = find(_root(data), ["policy", key])
            # The value is not repeated: nobody knows what a mistaken one is.
            message = str(error).replace(f", not {value!r}", "").replace(repr(value), "this value")
            what, _, instead = message.replace(repr(key), shown(key) or "of this name").partition("; ")
            yield Problem(path, line, config.tenant, f"policy: {what}", instead or "write a value of that kind")


def _connection_problems(
    config: TenantConfig, data: bytes, path: Path, environ: Mapping[str, str], resolver: Resolver | None
) -> Iterator[Problem]:
    allow_private = environ.get(ALLOW_PRIVATE_HOSTS) == "1"
    for index, connection in enumerate(config.connections):
        place = f"of connection {index + 1} ({connection.source})"
        for name in connection.url_fields:
            url = getattr(connection, name)
            try:
                if url is not None:
                    check_base_url(url, allow_private)
            except ValueError as error:
                _, line = find(_root(data), ["connections", index, name])
                message = "this is not the URL of a vendor" if looks_like_credential(url) else str(error)
                what, _, instead = message.partition("; ")
                yield Problem(
                    path, line, config.tenant, f"{name} {place}: {what}", instead or "write https://host/path"
                )
        if isinstance(connection, FileConnection) and not allowed(connection.folder, environ):
            _, line = find(_root(data), ["connections", index, "folder"])
            what = f"folder {place}: an absolute path that the operator has not allowed"
            instead = f"write it relative to this file's folder, or let {DROP} name a folder above it"
            yield Problem(path, line, config.tenant, what, instead)
        # Who is not collected needs no secret: an offboarded tenant's are destroyed.
        if resolver is None or config.state != "active":
            continue
        for name, ref in connection.secret_refs().items():
            try:
                resolver(config.tenant, ref)
            except MissingSecret as error:
                _, line = find(_root(data), ["connections", index, name])
                yield Problem(path, line, config.tenant, f"{name} {place}: {error}", error.instead)


def _environment_alone(environ: Mapping[str, str]) -> Resolver:
    """Asks for variables; a `secret:` reference is left to whoever has the vault."""
    return lambda _, ref: resolve(ref, environ) if ref.scheme == "env" else SecretStr("")


def _refuse_shared_ids(files: list[_File]) -> list[_File]:
    """Two files that claim one id are both refused: nobody can say which of them is meant."""
    claims: dict[str, list[_File]] = {}
    for file in files:
        if file.tenant is not None:
            claims.setdefault(file.tenant, []).append(file)
    result = []
    for file in files:
        others = [other for other in claims.get(file.tenant or "", []) if other is not file]
        extra: tuple[Problem, ...] = ()
        if others:
            places = ", ".join(f"{other.path}:{other.line}" for other in others)
            what = f"the id {file.tenant} is also claimed by {places}, so both are refused"
            extra = (Problem(file.path, file.line, file.tenant, what, "give each tenant an id of its own"),)
        result.append(_File(file.path, file.tenant, file.line, file.config, (*file.problems, *extra)))
    return result


def _unreadable(path: Path, error: OSError) -> Problem:
    reason = (error.strerror or type(error).__name__).lower()
    return Problem(path, None, None, f"this cannot be read: {reason}", "let the user who runs kushim read it")
