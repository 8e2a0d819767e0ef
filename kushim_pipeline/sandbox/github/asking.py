"""Who asks for what: the token behind a request, and what it may see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.model import Description, Lack, Organization, Repository, Token
from kushim_pipeline.sandbox.standin.vendor import Reply, Request

FORBIDDEN = "Resource not accessible by personal access token"


def error(status: int, message: str, documentation: str = "rest", **headers: str) -> Reply:
    """GitHub's error body."""
    return Reply(status, shapes.error(status, message, documentation), headers=headers)


NOT_FOUND = error(404, "Not Found")
LACKING = error(403, FORBIDDEN, "rest/overview/permissions")


class Estate:
    """All that a stand-in knows, found by name."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.tokens = {token.value: token for token in description.tokens}
        self._organizations: dict[str, Organization] = {}
        self._repositories: dict[str, tuple[Organization, Repository]] = {}
        for org in description.organizations:
            self._organizations |= {org.login.casefold(): org, str(shapes.number(org.login)): org}
            for repo in org.repositories:
                full = f"{org.login}/{repo.name}"
                self._repositories |= {full.casefold(): (org, repo), str(shapes.number(full)): (org, repo)}

    def organization(self, name: str) -> Organization | None:
        """In: a login or an id."""
        return self._organizations.get(name.casefold())

    def repository(self, name: str) -> tuple[Organization, Repository] | None:
        """In: `owner/name` or an id."""
        return self._repositories.get(name.casefold())


@dataclass(frozen=True)
class Asking:
    """A request for something. `names`: what its path names, unquoted; a repository is one name, `owner/name` or id."""

    estate: Estate
    token: Token
    names: Sequence[str]
    request: Request

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    @cached_property
    def org(self) -> Organization | None:
        """The organisation that the path names first."""
        return self.estate.organization(self.names[0])

    @cached_property
    def repository(self) -> tuple[Organization, Repository] | None:
        """The repository that the path names first; None as well where the token may not see it."""
        found = self.estate.repository(self.names[0])
        return found if found and sees(self.token, *found) else None


Answer = Callable[[Asking], Reply]


def role(token: Token, org: Organization) -> str:
    """owner, member or outsider."""
    return token.role if token.org.casefold() == org.login.casefold() else "outsider"


def sees(token: Token, org: Organization, repo: Repository) -> bool:
    """Whether a token may know that a repository exists."""
    given = token.repositories is None or repo.name in token.repositories
    return repo.visibility == "public" or (given and role(token, org) != "outsider")


def visible(token: Token, org: Organization) -> Sequence[Repository]:
    """The repositories of an organisation that a token may see."""
    if role(token, org) != "outsider" and token.repositories is None:
        return org.repositories
    return [repo for repo in org.repositories if sees(token, org, repo)]


def is_admin(token: Token, org: Organization) -> bool:
    """Whether a token may see how the organisation and its repositories are set up."""
    return role(token, org) == "owner" and "administration" not in token.lacks


def refusal(token: Token, org: Organization, permission: Lack) -> Reply | None:
    """Why an owner's matter is not shown to a token: hidden from who is no owner, forbidden without the permission."""
    if role(token, org) != "owner":
        return NOT_FOUND
    return LACKING if permission in token.lacks else None


def for_owners(permission: Lack, answer: Callable[[Asking, Organization], Reply]) -> Answer:
    """The answer about an organisation, for owners whose token has a permission."""

    def guarded(asking: Asking) -> Reply:
        if asking.org is None:
            return NOT_FOUND
        return refusal(asking.token, asking.org, permission) or answer(asking, asking.org)

    return guarded


def for_admins(permission: Lack, answer: Callable[[Asking, Organization, Repository], Reply]) -> Answer:
    """The answer about a repository, for its administrators whose token has a permission."""

    def guarded(asking: Asking) -> Reply:
        if asking.repository is None:
            return NOT_FOUND
        org, repo = asking.repository
        return refusal(asking.token, org, permission) or answer(asking, org, repo)

    return guarded


def for_readers(permission: Lack, answer: Callable[[Asking, Organization, Repository], Reply]) -> Answer:
    """The answer about a repository, for all who see it and whose token has a permission."""

    def guarded(asking: Asking) -> Reply:
        if asking.repository is None:
            return NOT_FOUND
        return LACKING if permission in asking.token.lacks else answer(asking, *asking.repository)

    return guarded
