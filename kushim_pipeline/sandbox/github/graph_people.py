"""People, teams, apps and the organisation as GraphQL shows them."""

from collections.abc import Callable
from typing import Any

from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.asking import is_admin, role, visible
from kushim_pipeline.sandbox.github.graph_lists import Object, Viewer, connection, forbidden
from kushim_pipeline.sandbox.github.graph_repository import repository
from kushim_pipeline.sandbox.github.graph_rulesets import rulesets
from kushim_pipeline.sandbox.github.graph_users import user
from kushim_pipeline.sandbox.github.model import Identity, IdentityProvider, Organization, Repository, Team

_ORDER: dict[str, Callable[[Repository], Any]] = {
    "CREATED_AT": lambda repo: repo.created_at,
    "NAME": lambda repo: repo.name.casefold(),
    "PUSHED_AT": lambda repo: repo.pushed_at or "",
    "UPDATED_AT": lambda repo: repo.updated_at,
    "STARGAZERS": lambda repo: 0,
}


def organization(viewer: Viewer, org: Organization) -> Object:
    """An Organization."""
    seen_as, owner = role(viewer.token, org), is_admin(viewer.token, org)

    def only(name: str) -> Object | None:
        found = next((repo for repo in visible(viewer.token, org) if repo.name.casefold() == name.casefold()), None)
        return repository(viewer, org, found) if found else None

    return {
        "__typename": "Organization",
        "id": f"O_{shapes.number(org.login):x}",
        "databaseId": shapes.number(org.login),
        "login": org.login,
        "name": org.login,
        "url": f"{shapes.WEB}/{org.login}",
        "viewerCanAdminister": owner,
        "requiresTwoFactorAuthentication": org.two_factor_required if owner else None,
        "repositories": lambda info, **a: connection(
            info, _repositories(viewer, org, a), a, lambda repo: repository(viewer, org, repo)
        ),
        "repository": lambda info, **a: only(a["name"]),
        "membersWithRole": lambda info, **a: connection(
            info,
            _of_members(viewer, org, () if seen_as == "outsider" else org.members),
            a,
            lambda person: user(person.login),
            lambda person: {
                "role": "ADMIN" if person.owner else "MEMBER",
                "hasTwoFactorEnabled": person.two_factor if owner else None,
            },
        ),
        "teams": lambda info, **a: connection(info, _teams(viewer, org), a, lambda team: _team(viewer, org, team)),
        "team": lambda info, **a: next(
            (_team(viewer, org, team) for team in _teams(viewer, org) if team.slug == a["slug"]), None
        ),
        "samlIdentityProvider": lambda info: _provider(viewer, org),
        "rulesets": lambda info, **a: rulesets(viewer, info, org, None, a) if owner else None,
    }


def _repositories(viewer: Viewer, org: Organization, asked: Any) -> Any:
    found = visible(viewer.token, org)
    wanted: dict[str, Callable[[Repository], Any]] = {
        "isArchived": lambda repo: repo.archived,
        "isFork": lambda repo: repo.fork,
        "visibility": lambda repo: repo.visibility.upper(),
        "privacy": lambda repo: "PUBLIC" if repo.visibility == "public" else "PRIVATE",
    }
    for name, of in wanted.items():
        if asked.get(name) is not None:
            found = [repo for repo in found if of(repo) == asked[name]]
    order = asked.get("orderBy")
    if order:
        by = _ORDER[order["field"]]
        found = sorted(found, key=lambda repo: (by(repo), repo.name), reverse=order["direction"] == "DESC")
    return found


def _of_members(viewer: Viewer, org: Organization, listed: Any) -> Any:
    """A list that the permission to read members is needed for."""
    if "members" in viewer.token.lacks:
        raise forbidden()
    return listed


def _teams(viewer: Viewer, org: Organization) -> tuple[Team, ...]:
    seen_as = role(viewer.token, org)
    if seen_as == "outsider":
        return ()
    mine = viewer.token.owner
    shown = tuple(team for team in org.teams if seen_as == "owner" or not team.secret or mine in _people(team))
    return _of_members(viewer, org, shown)  # type: ignore[no-any-return] # graphql-core types no resolver


def _people(team: Team) -> tuple[str, ...]:
    return (*team.maintainers, *(login for login in team.members if login not in team.maintainers))


def _team(viewer: Viewer, org: Organization, team: Team) -> Object:
    number = shapes.number(f"{org.login}/team/{team.slug}")
    parent = next((each for each in org.teams if each.slug == team.parent), None)
    return {
        "__typename": "Team",
        "id": f"T_{number:x}",
        "databaseId": number,
        "name": team.slug,
        "slug": team.slug,
        "description": "",
        "privacy": "SECRET" if team.secret else "VISIBLE",
        "url": f"{shapes.WEB}/orgs/{org.login}/teams/{team.slug}",
        "parentTeam": lambda info: _team(viewer, org, parent) if parent else None,
        "members": lambda info, **a: connection(
            info,
            [login for login in _people(team) if a.get("role") in (None, _role(team, login))],
            a,
            user,
            lambda login: {"role": _role(team, login)},
        ),
    }


def _role(team: Team, login: str) -> str:
    return "MAINTAINER" if login in team.maintainers else "MEMBER"


def _provider(viewer: Viewer, org: Organization) -> Object | None:
    """Shown to owners; null for everybody else, and where there is none."""
    if role(viewer.token, org) != "owner":
        return None
    provider: IdentityProvider | None = _of_members(viewer, org, org.saml)
    if provider is None:
        return None

    def wanted(asked: Any) -> Any:
        login, name = asked.get("login"), asked.get("userName")
        if login is None and name is None and not asked.get("membersOnly"):
            return provider.identities
        return [
            each
            for each in provider.identities
            if (login is None or each.login.casefold() == login.casefold())
            and (name is None or name in (each.name_id, each.scim))
            and (not asked.get("membersOnly") or each.login)
        ]

    return {
        "__typename": "OrganizationIdentityProvider",
        "id": f"OIP_{shapes.number(org.login):x}",
        "issuer": provider.issuer,
        "ssoUrl": provider.sso_url,
        "organization": lambda info: organization(viewer, org),
        "externalIdentities": lambda info, **a: connection(info, wanted(a), a, _identity),
    }


def _identity(found: Identity) -> Object:
    emails = [{"primary": None, "type": None, "value": email} for email in found.emails]
    return {
        "__typename": "ExternalIdentity",
        "id": f"EI_{found.guid}",
        "guid": found.guid,
        "samlIdentity": {"nameId": found.name_id, "username": found.name_id, "emails": emails, "groups": []},
        "scimIdentity": {"username": found.scim, "emails": emails, "groups": []} if found.scim else None,
        "user": user(found.login) if found.login else None,
    }
