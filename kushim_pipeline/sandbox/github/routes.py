"""What the stand-in answers to a path, for a token: pure, without HTTP."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from kushim_pipeline.sandbox.github import repository_shapes, shapes
from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, Ruleset, Token

Query = Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer before paging: `body` a JSON value; `pages` says that it is a list to page; `by_id` the path that
    GitHub's own links use for it."""

    status: int
    body: Any
    pages: bool = False
    by_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def respond(description: Description, token: Token | None, path: str, query: Query) -> Reply:
    """The answer to GET `path` (below the base path, still quoted) for a token; None is a token nobody knows."""
    if token is None:
        return _error(401, "Bad credentials")
    for pattern, answer in _ROUTES:
        found = pattern.fullmatch(path)
        if found:
            return answer(description, token, [unquote(group or "") for group in found.groups()], query)
    return _error(404, "Not Found")


def _error(status: int, message: str, documentation: str = "rest", **headers: str) -> Reply:
    return Reply(status, shapes.error(status, message, documentation), headers=headers)


_NOT_FOUND = _error(404, "Not Found")
_LACKING = _error(403, "Resource not accessible by personal access token", "rest/overview/permissions")


def _organization(description: Description, name: str) -> Organization | None:
    for org in description.organizations:
        if name.casefold() == org.login.casefold() or name == str(shapes.number(org.login)):
            return org
    return None


def _role(token: Token, org: Organization) -> str:
    return token.role if token.org.casefold() == org.login.casefold() else "outsider"


def _visible(token: Token, org: Organization) -> list[Repository]:
    role = _role(token, org)
    return [
        repo
        for repo in org.repositories
        if repo.visibility == "public"
        or (role != "outsider" and (token.repositories is None or repo.name in token.repositories))
    ]


def _is_admin(token: Token, org: Organization) -> bool:
    return _role(token, org) == "owner" and "administration" not in token.lacks


def _repository(description: Description, token: Token, names: Sequence[str]) -> tuple[Organization, Repository] | None:
    """The repository that `owner/name`, or its id, names; None as well where the token may not see it."""
    for org in description.organizations:
        for repo in _visible(token, org):
            full = f"{org.login}/{repo.name}"
            if names[0].casefold() in (full.casefold(), str(shapes.number(full))):
                return org, repo
    return None


def get_organization(description: Description, token: Token, names: Sequence[str], _: Query) -> Reply:
    """GET /orgs/{org}"""
    org = _organization(description, names[0])
    return Reply(200, shapes.organization(org, role=_role(token, org))) if org else _NOT_FOUND


def list_repositories(description: Description, token: Token, names: Sequence[str], query: Query) -> Reply:
    """GET /orgs/{org}/repos"""
    org = _organization(description, names[0])
    if org is None:
        return _NOT_FOUND
    kind = query.get("type", "all")
    items = [
        repository_shapes.minimal(org, repo, admin=_is_admin(token, org))
        for repo in _visible(token, org)
        if kind in ("all", repo.visibility)
    ]
    return Reply(200, items, pages=True, by_id=f"/organizations/{shapes.number(org.login)}/repos")


def list_people(description: Description, token: Token, names: Sequence[str], query: Query) -> Reply:
    """GET /orgs/{org}/members and /orgs/{org}/outside_collaborators"""
    org = _organization(description, names[0])
    if org is None:
        return _NOT_FOUND
    members = names[1] == "members"
    role = _role(token, org)
    if role == "outsider":
        where = f"{shapes.API}/organizations/{shapes.number(org.login)}/public_members"
        return _error(302, "Found", Location=where) if members else _NOT_FOUND
    if "members" in token.lacks:
        return _LACKING
    people = org.members if members else org.outside_collaborators
    if query.get("filter", "all") == "2fa_disabled":
        if role != "owner":
            return _error(422, "Only owners can use this filter", "rest/orgs/members#list-organization-members")
        people = tuple(person for person in people if not person.two_factor)
    if not members and role != "owner":
        people = ()  # who is no owner sees an empty list, not a denial
    if members and query.get("role", "all") != "all":
        people = tuple(person for person in people if person.owner == (query["role"] == "admin"))
    number = shapes.number(org.login)
    return Reply(
        200, [shapes.user_of(person) for person in people], pages=True, by_id=f"/organizations/{number}/{names[1]}"
    )


def get_repository(description: Description, token: Token, names: Sequence[str], _: Query) -> Reply:
    """GET /repos/{owner}/{repo}"""
    found = _repository(description, token, names)
    return Reply(200, repository_shapes.minimal(*found, admin=_is_admin(token, found[0]))) if found else _NOT_FOUND


def get_protection(description: Description, token: Token, names: Sequence[str], _: Query) -> Reply:
    """GET /repos/{owner}/{repo}/branches/{branch}/protection"""
    found = _repository(description, token, names)
    if found is None or _role(token, found[0]) != "owner":
        return _NOT_FOUND
    if "administration" in token.lacks:
        return _LACKING
    org, repo = found
    where = "rest/branches/branch-protection#get-branch-protection"
    if repo.empty or names[1] != repo.default_branch:
        return _error(404, "Branch not found", where)
    if repo.protection is None:
        return _error(404, "Branch not protected", where)
    return Reply(200, repository_shapes.protection(org, repo, repo.protection))


def list_rules(description: Description, token: Token, names: Sequence[str], _: Query) -> Reply:
    """GET /repos/{owner}/{repo}/rules/branches/{branch}: the rules of active rulesets"""
    found = _repository(description, token, names)
    if found is None:
        return _NOT_FOUND
    org, repo = found
    full = f"{org.login}/{repo.name}"
    items = [
        repository_shapes.branch_rule(rule, ruleset, owner)
        for ruleset, owner in _rulesets(org, repo)
        if names[1] == repo.default_branch and ruleset.enforcement == "active"
        for rule in ruleset.rules
    ]
    by_id = f"/repositories/{shapes.number(full)}/rules/branches/{quote(names[1], safe='')}"
    return Reply(200, items, pages=True, by_id=by_id)


def get_ruleset(description: Description, token: Token, names: Sequence[str], _: Query) -> Reply:
    """GET /repos/{owner}/{repo}/rulesets/{id}: its own, or one of the organisation that applies to it"""
    found = _repository(description, token, names)
    for ruleset, owner in _rulesets(*found) if found else ():
        if str(ruleset.id) == names[1] and found:
            return Reply(200, repository_shapes.ruleset(ruleset, owner, admin=_is_admin(token, found[0])))
    return _NOT_FOUND


def get_organization_ruleset(description: Description, token: Token, names: Sequence[str], _: Query) -> Reply:
    """GET /orgs/{org}/rulesets/{id}"""
    org = _organization(description, names[0])
    if org is None or not _is_admin(token, org):
        return _NOT_FOUND
    for ruleset in org.rulesets:
        if str(ruleset.id) == names[1]:
            return Reply(200, repository_shapes.ruleset(ruleset, org.login, admin=True))
    return _NOT_FOUND


def get_user(description: Description, token: Token, names: Sequence[str], query: Query) -> Reply:
    """GET /user: whose token it is"""
    return Reply(200, shapes.user(token.owner))


def _rulesets(org: Organization, repo: Repository) -> list[tuple[Ruleset, str]]:
    own = [(ruleset, f"{org.login}/{repo.name}") for ruleset in repo.rulesets]
    above = [(r, org.login) for r in org.rulesets if not r.repositories or repo.name in r.repositories]
    return own + above


_Answer = Callable[[Description, Token, Sequence[str], Query], Reply]
_ORG = r"/(?:orgs|organizations)/([^/]+)"
_REPO = r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))"


def _of_repository(answer: _Answer) -> _Answer:
    """The answer, its first name being the one of `owner/name` and id that the path has."""

    def with_one_name(description: Description, token: Token, names: Sequence[str], query: Query) -> Reply:
        return answer(description, token, [names[0] or names[1], *names[2:]], query)

    return with_one_name


_ROUTES: tuple[tuple[re.Pattern[str], _Answer], ...] = tuple(
    (re.compile(pattern), answer)
    for pattern, answer in (
        (_ORG, get_organization),
        (_ORG + r"/repos", list_repositories),
        (_ORG + r"/(members|outside_collaborators)", list_people),
        (_ORG + r"/rulesets/(\d+)", get_organization_ruleset),
        (_REPO, _of_repository(get_repository)),
        (_REPO + r"/branches/([^/]+)/protection", _of_repository(get_protection)),
        (_REPO + r"/rules/branches/([^/]+)", _of_repository(list_rules)),
        (_REPO + r"/rulesets/(\d+)", _of_repository(get_ruleset)),
        (r"/user", get_user),
    )
)
