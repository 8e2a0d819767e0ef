"""JSON bodies with the keys that GitHub's have. They name api.github.com, as the real ones do, whatever the port."""

from typing import Any
from zlib import crc32

from kushim_pipeline.sandbox.github.model import BORN, CHANGED, Organization, User

API = "https://api.github.com"
WEB = "https://github.com"

_USER_LINKS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}


def number(name: str) -> int:
    """An id that stays the same for a name."""
    return crc32(name.casefold().encode()) % 900_000_000 + 1_000_000


def user(login: str, kind: str = "User") -> dict[str, Any]:
    """A "simple user"."""
    url = f"{API}/users/{login}"
    return {
        "login": login,
        "id": number(login),
        "node_id": f"U_{number(login):x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number(login)}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{WEB}/{login}",
        **{key: f"{url}/{path}" for key, path in _USER_LINKS.items()},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def organization(org: Organization, *, role: str) -> dict[str, Any]:
    """An "organization-full", with the fields that only members and only owners are shown."""
    url = f"{API}/orgs/{org.login}"
    public = sum(repository.visibility == "public" for repository in org.repositories)
    private = len(org.repositories) - public
    body: dict[str, Any] = {
        "login": org.login,
        "id": number(org.login),
        "node_id": f"O_{number(org.login):x}",
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number(org.login)}?v=4",
        "description": None,
        "is_verified": False,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": public,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": f"{WEB}/{org.login}",
        "created_at": BORN,
        "updated_at": CHANGED,
        "archived_at": None,
        "type": "Organization",
    }
    if role == "owner":
        body |= {
            "total_private_repos": private,
            "owned_private_repos": private,
            "private_gists": 0,
            "disk_usage": 5,
            "collaborators": len(org.outside_collaborators),
            "billing_email": f"billing@{org.login}.test",
            "default_repository_permission": org.default_repository_permission,
            "members_can_create_repositories": True,
            "two_factor_requirement_enabled": org.two_factor_required,
            "members_allowed_repository_creation_type": "all",
            "members_can_create_public_repositories": True,
            "members_can_create_private_repositories": True,
            "members_can_create_internal_repositories": False,
            "members_can_create_pages": True,
            "members_can_fork_private_repositories": False,
            "web_commit_signoff_required": False,
            "plan": {
                "name": org.plan,
                "space": 976562499,
                "private_repos": 999999,
                "filled_seats": len(org.members) + len(org.outside_collaborators),
                "seats": len(org.members) + len(org.outside_collaborators) + 5,
            },
        }
    elif role == "member":
        body["two_factor_requirement_enabled"] = None
    return body


def user_of(person: User) -> dict[str, Any]:
    """A person as lists of people show one."""
    return user(person.login)


def error(status: int, message: str, documentation: str = "rest") -> dict[str, Any]:
    """GitHub's error body."""
    return {"message": message, "documentation_url": f"https://docs.github.com/{documentation}", "status": str(status)}
