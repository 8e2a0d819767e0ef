"""What a tenant file says about a connection: one frozen model a source, told apart by `source`."""

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PrivateAttr, field_validator, model_validator

from kushim_pipeline.tenants.declared_file import DeclaredFile, Folder
from kushim_pipeline.tenants.model import Model, Text
from kushim_pipeline.tenants.secret import Mistake, SecretField, SecretRef


def _url(text: str) -> str:
    """An http(s) URL with a host and nothing that could hold a credential; the message never repeats it."""
    example = "write it as https://host/path"
    if any(ord(c) <= 0x20 or c in "\\\x7f" for c in text):
        raise Mistake("this URL holds white space or a backslash", example)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Mistake("this is not a URL", example) from None
    if parts.scheme not in ("https", "http") or not host:
        raise Mistake("this is not an https URL", example)
    if "@" in parts.netloc:
        raise Mistake(
            "this URL holds a user name or password", f"{example}; a credential is a reference (env:NAME, secret:NAME)"
        )
    if "?" in text or "#" in text:
        raise Mistake("this URL has a query or a fragment", example)
    return text


Url = Annotated[str, Field(max_length=500), AfterValidator(_url)]


class Connection(Model):
    """A tenant's access to one source."""

    secret_fields: ClassVar[tuple[str, ...]] = ()
    url_fields: ClassVar[tuple[str, ...]] = ()
    source: str
    budget_share: float = Field(default=0.5, gt=0, le=1)
    """How much of the vendor's rate limit Kushim may use; the rest is left to people and other tools."""

    @property
    def account(self) -> str:
        """The account, organisation or site at the source: what tables call account_id."""
        raise NotImplementedError

    @property
    def connection_id(self) -> str:
        """Unique in a tenant, e.g. `aws:123456789012`, `github:acme`."""
        return f"{self.source}:{self.account}"

    def secret_refs(self) -> dict[str, SecretRef]:
        """Field name -> reference, for the secrets that this connection has set."""
        return {name: ref for name in self.secret_fields if (ref := getattr(self, name)) is not None}


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


class AwsConnection(Connection):
    """An AWS account. Without access keys, boto3's own chain (profile, instance role) supplies the credentials.

    Without `regions`, or with `regions: all`, every region that the account has enabled is read.
    """

    secret_fields = ("access_key_id", "secret_access_key", "session_token")
    url_fields = ("endpoint_url",)
    source: Literal["aws"]
    account_id: str
    regions: tuple[str, ...] = Field(default=(), min_length=1)
    role_arn: str | None = None
    external_id: str | None = None
    access_key_id: SecretField | None = None
    secret_access_key: SecretField | None = None
    session_token: SecretField | None = None
    endpoint_url: Url | None = None

    @property
    def account(self) -> str:
        return self.account_id

    @field_validator("account_id")
    @classmethod
    def _account(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9]{12}", value):
            raise Mistake(
                "an AWS account id has 12 digits", 'write it with its leading zeros, e.g. account_id: "012345678901"'
            )
        return value

    @model_validator(mode="before")
    @classmethod
    def _every_region(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("regions") in ("all", ["all"]):
            return {key: value for key, value in data.items() if key != "regions"}
        return data

    @field_validator("regions")
    @classmethod
    def _regions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", region) for region in value):
            raise Mistake("this list holds something that is not an AWS region", "write e.g. [us-east-1, eu-central-1]")
        if len(set(value)) != len(value):
            raise Mistake("a region is listed twice", "list each region once")
        return value

    @field_validator("role_arn")
    @classmethod
    def _role(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(
            r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}", value
        ):
            raise Mistake("this is not the ARN of a role", "write e.g. arn:aws:iam::123456789012:role/kushim-read")
        return value

    @field_validator("external_id")
    @classmethod
    def _external(cls, value: str | None) -> str | None:
        if value is not None and (
            value.startswith(("env:", "secret:")) or not re.fullmatch(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", value)
        ):
            raise Mistake(
                "this is not an external id",
                "write the id itself as it stands in the role's trust policy (AWS does not treat it as a secret)",
            )
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise Mistake("only one half of the access key is here", "write both access_key_id and secret_access_key")
        if self.session_token and not self.access_key_id:
            raise Mistake("session_token needs an access key", "write access_key_id and secret_access_key too")
        if self.external_id and not self.role_arn:
            raise Mistake("external_id needs a role", "write role_arn too, or remove external_id")
        if self.role_arn and self.role_arn.split(":")[4] != self.account_id:
            raise Mistake(
                "role_arn belongs to another account than account_id", "write the role of the account that is read"
            )
        return self


class GithubConnection(Connection):
    """A GitHub organisation; `base_url` is another one for GitHub Enterprise Server (https://HOST/api/v3)."""

    secret_fields = ("token",)
    url_fields = ("base_url",)
    source: Literal["github"]
    org: str
    token: SecretField
    base_url: Url = "https://api.github.com"

    @property
    def account(self) -> str:
        return self.org

    @field_validator("org")
    @classmethod
    def _org(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", value):
            raise Mistake(
                "this is not an organisation's login", "write the login as in https://github.com/LOGIN, e.g. org: acme"
            )
        return value


class OktaConnection(Connection):
    """An Okta organisation."""

    secret_fields = ("token",)
    url_fields = ("org_url",)
    source: Literal["okta"]
    org_url: Url
    token: SecretField

    @property
    def account(self) -> str:
        return _host(self.org_url)


class JiraConnection(Connection):
    """A Jira Cloud site, and the projects that matter there (all, when none is named)."""

    secret_fields = ("token",)
    url_fields = ("base_url",)
    source: Literal["jira"]
    base_url: Url
    email: Text
    token: SecretField
    projects: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,79}$")], ...] = ()

    @property
    def account(self) -> str:
        return _host(self.base_url)


class SlackConnection(Connection):
    """A Slack workspace. Its token alone says which; `workspace` names it where a tenant has several.

    `announcement_channels`: names or ids of the channels that security announcements are made in; into no other is
    looked. `audit_token`: of an installation on the whole organisation, for its audit log and its approved apps.
    """

    secret_fields = ("token", "audit_token")
    url_fields = ("base_url",)
    source: Literal["slack"]
    token: SecretField
    audit_token: SecretField | None = None
    base_url: Url = "https://slack.com/api/"
    workspace: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,80}$")] | None = None
    announcement_channels: tuple[Annotated[str, Field(pattern=r"^#?[^\s#,]{1,80}$")], ...] = ()

    @property
    def account(self) -> str:
        return self.workspace or _host(self.base_url)


class FileConnection(Connection):
    """A drop folder with populations that no interface gives: people, training, vendors. `name` tells folders apart.

    `folder` lies below the folder that the tenant file is in, or, written as an absolute path, in a place that the
    operator names in KUSHIM_DROP.
    """

    source: Literal["file"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    folder: Folder
    files: tuple[DeclaredFile, ...]
    _base: Path = PrivateAttr(default=Path())

    @property
    def account(self) -> str:
        return self.name

    @property
    def base(self) -> Path:
        """The folder that a relative `folder` starts from."""
        return self._base

    def below(self, base: Path) -> Self:
        """The same connection of a tenant file that lies in `base` (without this: the working folder)."""
        placed = self.model_copy()
        placed._base = base
        return placed

    @field_validator("files")
    @classmethod
    def _files(cls, value: tuple[DeclaredFile, ...]) -> tuple[DeclaredFile, ...]:
        if not value:
            raise Mistake("the list is empty", 'write e.g. [{stream: person, path: "people-*.csv"}]')
        twice = [stream for stream, n in Counter(file.stream for file in value).items() if n > 1]
        if twice:
            raise Mistake(f"two files both give the stream {twice[0]}", "give each file a stream of its own")
        return value


AnyConnection = Annotated[
    AwsConnection | GithubConnection | OktaConnection | JiraConnection | SlackConnection | FileConnection,
    Field(discriminator="source"),
]
CONNECTIONS: dict[str, type[Connection]] = {
    "aws": AwsConnection,
    "github": GithubConnection,
    "okta": OktaConnection,
    "jira": JiraConnection,
    "slack": SlackConnection,
    "file": FileConnection,
}
