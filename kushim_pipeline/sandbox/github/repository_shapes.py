"""JSON bodies of a repository, its branch protection and its rulesets, with the keys that GitHub's have."""

from typing import Any

from kushim_pipeline.sandbox.github.model import (
    BORN,
    CHANGED,
    Organization,
    Protection,
    Repository,
    Rule,
    Ruleset,
)
from kushim_pipeline.sandbox.github.shapes import API, WEB, number, user

_REPOSITORY_LINKS = {
    "forks_url": "forks",
    "keys_url": "keys{/key_id}",
    "collaborators_url": "collaborators{/collaborator}",
    "teams_url": "teams",
    "hooks_url": "hooks",
    "issue_events_url": "issues/events{/number}",
    "events_url": "events",
    "assignees_url": "assignees{/user}",
    "branches_url": "branches{/branch}",
    "tags_url": "tags",
    "blobs_url": "git/blobs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "trees_url": "git/trees{/sha}",
    "statuses_url": "statuses/{sha}",
    "languages_url": "languages",
    "stargazers_url": "stargazers",
    "contributors_url": "contributors",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "commits_url": "commits{/sha}",
    "git_commits_url": "git/commits{/sha}",
    "comments_url": "comments{/number}",
    "issue_comment_url": "issues/comments{/number}",
    "contents_url": "contents/{+path}",
    "compare_url": "compare/{base}...{head}",
    "merges_url": "merges",
    "archive_url": "{archive_format}{/ref}",
    "downloads_url": "downloads",
    "issues_url": "issues{/number}",
    "pulls_url": "pulls{/number}",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "labels_url": "labels{/name}",
    "releases_url": "releases{/id}",
    "deployments_url": "deployments",
}


def minimal(org: Organization, repo: Repository, *, admin: bool) -> dict[str, Any]:
    """A "minimal repository"."""
    full_name = f"{org.login}/{repo.name}"
    url = f"{API}/repos/{full_name}"
    return (security(repo) if admin else {}) | {
        "id": number(full_name),
        "node_id": f"R_{number(full_name):x}",
        "name": repo.name,
        "full_name": full_name,
        "private": repo.visibility != "public",
        "owner": user(org.login, "Organization"),
        "html_url": f"{WEB}/{full_name}",
        "description": None,
        "fork": repo.fork,
        "url": url,
        **{key: f"{url}/{path}" for key, path in _REPOSITORY_LINKS.items()},
        "created_at": repo.created_at,
        "updated_at": repo.updated_at,
        "pushed_at": repo.pushed_at,
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{WEB}/{full_name}.git",
        "svn_url": f"{WEB}/{full_name}",
        "homepage": None,
        "size": 0 if repo.empty else 108,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None if repo.empty else "Python",
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": repo.archived,
        "disabled": False,
        "open_issues_count": 0,
        "license": None,
        "allow_forking": False,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": repo.visibility,
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "default_branch": repo.default_branch,
        "permissions": {"admin": admin, "maintain": admin, "push": admin, "triage": admin, "pull": True},
    }


def security(repo: Repository) -> dict[str, Any]:
    """Which security features are on, as administrators are shown it. Public repositories have code security anyway."""

    def status(is_on: bool) -> dict[str, str]:
        return {"status": "enabled" if is_on else "disabled"}

    paid = {"advanced_security": status(repo.code_security), "code_security": status(repo.code_security)}
    return {
        "security_and_analysis": ({} if repo.visibility == "public" else paid)
        | {
            "secret_scanning": status(repo.secret_scanning),
            "secret_scanning_push_protection": status(repo.secret_scanning and repo.push_protection),
            "secret_scanning_non_provider_patterns": status(False),
            "secret_scanning_validity_checks": status(False),
            "dependabot_security_updates": status(repo.vulnerability_alerts and repo.security_updates),
        }
    }


def protection(org: Organization, repo: Repository, found: Protection) -> dict[str, Any]:
    """A "branch protection"."""
    url = f"{API}/repos/{org.login}/{repo.name}/branches/{repo.default_branch}/protection"
    body: dict[str, Any] = {"url": url}
    if found.checks:
        body["required_status_checks"] = {
            "url": f"{url}/required_status_checks",
            "strict": found.strict_checks,
            "contexts": list(found.checks),
            "contexts_url": f"{url}/required_status_checks/contexts",
            "checks": [{"context": check, "app_id": 15368} for check in found.checks],
        }
    if found.reviews is not None:
        body["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": found.dismiss_stale,
            "require_code_owner_reviews": found.code_owners,
            "require_last_push_approval": found.last_push_approval,
            "required_approving_review_count": found.reviews,
        }
    return body | {
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": found.signatures},
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": found.enforce_admins},
        "required_linear_history": {"enabled": found.linear_history},
        "allow_force_pushes": {"enabled": found.force_pushes},
        "allow_deletions": {"enabled": found.deletions},
        "block_creations": {"enabled": False},
        "required_conversation_resolution": {"enabled": found.conversation_resolution},
        "lock_branch": {"enabled": found.lock_branch},
        "allow_fork_syncing": {"enabled": False},
    }


def branch_rule(rule: Rule, found: Ruleset, owner: str) -> dict[str, Any]:
    """A rule as "rules for a branch" lists it. `owner`: a login, or `org/repo` for a repository's own ruleset."""
    body: dict[str, Any] = {
        "type": rule.type,
        "ruleset_source_type": "Repository" if "/" in owner else "Organization",
        "ruleset_source": owner,
        "ruleset_id": found.id,
    }
    return body | ({"parameters": dict(rule.parameters)} if rule.parameters else {})


def ruleset(found: Ruleset, owner: str, *, admin: bool) -> dict[str, Any]:
    """A "repository ruleset". Who may bypass it is shown to those who may edit it (`admin`)."""
    of_repository = "/" in owner
    conditions: dict[str, Any] = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    if not of_repository:
        names = list(found.repositories) or ["~ALL"]
        conditions["repository_name"] = {"include": names, "exclude": [], "protected": False}
    body: dict[str, Any] = {
        "id": found.id,
        "name": found.name,
        "target": "branch",
        "source_type": "Repository" if of_repository else "Organization",
        "source": owner,
        "enforcement": found.enforcement,
        "conditions": conditions,
        "rules": [
            {"type": rule.type} | ({"parameters": dict(rule.parameters)} if rule.parameters else {})
            for rule in found.rules
        ],
        "node_id": f"RRS_{found.id:x}",
        "created_at": BORN,
        "updated_at": CHANGED,
        "_links": {"self": {"href": f"{API}/{'repos' if of_repository else 'orgs'}/{owner}/rulesets/{found.id}"}},
    }
    if admin:
        body["bypass_actors"] = [
            {"actor_id": actor.actor_id, "actor_type": actor.actor_type, "bypass_mode": actor.bypass_mode}
            for actor in found.bypass_actors
        ]
        body["current_user_can_bypass"] = "never"
    return body
