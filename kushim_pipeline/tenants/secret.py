"""Secrets by reference: a tenant file says where a secret is, never what it is.

A reference is `env:NAME` (an environment variable). Values live in pydantic's `SecretStr`, whose repr is stars,
and no message of this module repeats a value or a text that was written where a reference belongs.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from pydantic import BeforeValidator, PlainSerializer, SecretStr

_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,127})")
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
    """A reference that names nothing: the variable is unset or empty."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is found: the name of an environment variable."""

    name: str

    def __str__(self) -> str:
        return f"env:{self.name}"


def parse(text: object) -> SecretRef:
    """`env:NAME` as a SecretRef. Anything else raises Mistake, which does not repeat what was written."""
    if isinstance(text, SecretRef):
        return text
    match = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        if isinstance(text, str) and text.startswith("env:"):
            raise Mistake(
                "what follows env: is not the name of an environment variable",
                "write env:NAME, where NAME has letters, digits and underscores only",
            )
        if not isinstance(text, str) or not text:
            raise Mistake("this is no reference", "write env:NAME, the name of an environment variable")
        raise Mistake(
            "this is written as a literal, but a secret is never kept in a tenant file",
            "put the value into an environment variable and write env:NAME_OF_THE_VARIABLE",
        )
    return SecretRef(match[1])


SecretField = Annotated[SecretRef, BeforeValidator(parse), PlainSerializer(str)]
"""The type of a model's field that holds a reference."""


def resolve(ref: SecretRef | str, environ: Mapping[str, str]) -> SecretStr:
    """The secret that `ref` names. Raises Mistake for a literal, MissingSecret where the variable is unset or empty.

    White space around a value is dropped: a file read into a variable often ends in a newline, which no vendor's
    credential holds and which HTTP refuses in a header.
    """
    reference = parse(ref)
    value = environ.get(reference.name, "").strip()
    if not value:
        raise MissingSecret(f"the environment variable {shown_name(reference)} is not set")
    return SecretStr(value)


def resolve_all(refs: Mapping[str, SecretRef], environ: Mapping[str, str]) -> dict[str, SecretStr]:
    """Field name -> secret, for every reference of a connection (see `Connection.secret_refs`)."""
    return {field: resolve(ref, environ) for field, ref in refs.items()}


def shown_name(ref: SecretRef) -> str:
    """The variable's name for a message; a name that may itself be a secret (`env:` before a literal) is not shown."""
    if _PLAIN_NAME.fullmatch(ref.name) and not looks_like_credential(ref.name):
        return ref.name
    return "that env: names here"


def looks_like_credential(text: str) -> bool:
    """Whether a text might be a credential: a vendor's known shape, or one long run of mixed letters and digits."""
    if _CREDENTIAL.search(text):
        return True
    return any(
        any(c.isdigit() for c in run) and any(c.isalpha() for c in run)
        for run in re.findall(r"[A-Za-z0-9+/=]{16,}", text)
    )


def mask(text: str, secrets: Iterable[SecretStr | str]) -> str:
    """`text` with every occurrence of the secrets' values replaced by ***, as they are, URL-quoted or JSON-escaped."""
    values = {s.get_secret_value() if isinstance(s, SecretStr) else s for s in secrets}
    forms = {form for v in values if v for form in (v, quote(v, safe=""), json.dumps(v)[1:-1])}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "***")
    return text
