"""Secrets by reference: a tenant file says where a secret is, never what it is.

A reference is `env:NAME` (an environment variable) or `secret:NAME` (the tenant's own secret in the vault). Values
live in pydantic's `SecretStr`, whose repr is stars, and no message of this module repeats a value or a text that was
written where a reference belongs.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, SecretStr

from kushim_pipeline.tenants.spelling import spellings

_REFERENCES = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}"),
    "secret": re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}"),
}
# Shapes that vendors give their credentials: AWS key ids, GitHub, Slack and Atlassian tokens, JSON web tokens, keys.
_CREDENTIAL = re.compile(
    r"(?i)\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}|gh[pousr]_|github_pat_|xox[a-z]-|xapp-|ATATT|eyJ|BEGIN [A-Z ]*KEY"
)
_PLAIN_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


class Mistake(ValueError):
    """What is wrong with a value in a tenant file, and what to write instead. Never repeats a secret."""

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(f"{what}; {instead}" if instead else what)
        self.what = what
        self.instead = instead


class MissingSecret(LookupError):
    """A reference that names nothing, or whose value cannot be read; `instead` says what to do."""

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(what)
        self.instead = instead


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is found: the name of an environment variable, or of a secret in the vault."""

    name: str
    scheme: Literal["env", "secret"] = "env"

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


Resolver = Callable[[str, SecretRef], SecretStr]
"""Gives the secret that a tenant's reference names; in: the tenant's id and the reference. Raises MissingSecret."""


def parse(text: object) -> SecretRef:
    """`env:NAME` or `secret:NAME` as a SecretRef. Raises Mistake for all else, without repeating what was written."""
    if isinstance(text, SecretRef):
        return text
    if not isinstance(text, str) or not text:
        raise Mistake("this is no reference", "write env:NAME (an environment variable) or secret:NAME (see docs)")
    scheme, _, name = text.partition(":")
    if scheme == "env" or scheme == "secret":
        if _REFERENCES[scheme].fullmatch(name):
            return SecretRef(name, "env" if scheme == "env" else "secret")
        if scheme == "env":
            raise Mistake(
                "what follows env: is not the name of an environment variable",
                "write env:NAME, where NAME has letters, digits and underscores only",
            )
        raise Mistake(
            "what follows secret: is not the name of a secret",
            "write secret:NAME, where NAME has letters, digits, underscores, dots and hyphens only",
        )
    raise Mistake(
        "this is written as a literal, but a secret is never kept in a tenant file",
        "keep the value with `kushim secrets set NAME --tenant T` and write secret:NAME, or put it into an "
        "environment variable and write env:NAME_OF_THE_VARIABLE",
    )


SecretField = Annotated[SecretRef, BeforeValidator(parse), PlainSerializer(str)]
"""The type of a model's field that holds a reference."""


def resolve(ref: SecretRef | str, environ: Mapping[str, str]) -> SecretStr:
    """The secret that `env:NAME` names. Raises Mistake for a literal, MissingSecret for an unset or empty variable.

    White space around a value is dropped: a file read into a variable often ends in a newline, which no vendor's
    credential holds and which HTTP refuses in a header.
    """
    reference = parse(ref)
    if reference.scheme != "env":
        raise MissingSecret(f"the secret {shown_name(reference)} is in the vault, which was not asked here")
    value = environ.get(reference.name, "").strip()
    if not value:
        raise MissingSecret(
            f"the environment variable {shown_name(reference)} is not set",
            "export it before running kushim, or write the name of the variable that holds the secret",
        )
    return SecretStr(value)


def from_environment(environ: Mapping[str, str]) -> Resolver:
    """A resolver that knows environment variables only."""
    return lambda _, ref: resolve(ref, environ)


def resolve_all(refs: Mapping[str, SecretRef], resolver: Resolver, tenant_id: str) -> dict[str, SecretStr]:
    """Field name -> secret, for every reference of a connection (see `Connection.secret_refs`)."""
    return {field: resolver(tenant_id, ref) for field, ref in refs.items()}


def shown_name(ref: SecretRef) -> str:
    """The name for a message; one that may itself be a secret (`env:` before a literal) is not shown."""
    plain = _PLAIN_NAME.fullmatch(ref.name) if ref.scheme == "env" else len(ref.name) <= 40
    if plain and not looks_like_credential(ref.name):
        return ref.name
    return f"that {ref.scheme}: names here"


def looks_like_credential(text: str) -> bool:
    """Whether a text might be a credential: a vendor's known shape, or one long run of mixed letters and digits."""
    if _CREDENTIAL.search(text):
        return True
    return any(
        any(c.isdigit() for c in run) and any(c.isalpha() for c in run)
        for run in re.findall(r"[A-Za-z0-9+/=]{16,}", text)
    )


def mask(text: str, secrets: Iterable[SecretStr | str]) -> str:
    """`text` with the secrets' values replaced by ***, in every spelling that a vendor or a client might echo.

    The values that the vault has given out in this process are known too, whoever calls.
    """
    values = {s.get_secret_value() if isinstance(s, SecretStr) else s for s in secrets}
    for form in _forms(frozenset(values | _given_out)):
        text = text.replace(form, "***")
    return text


@lru_cache(maxsize=64)
def _forms(values: frozenset[str]) -> tuple[str, ...]:
    """Every spelling of the values, the longest first. All texts of a collection are masked with the same."""
    forms = {form for value in values if value for form in spellings(value)}
    return tuple(sorted(forms, key=len, reverse=True))


_given_out: set[str] = set()


def remember(secret: SecretStr) -> SecretStr:
    """Have `mask` know a value that came out of the vault, for as long as this process runs. Returns it."""
    if len(secret.get_secret_value()) >= 6:
        _given_out.add(secret.get_secret_value())
    return secret
