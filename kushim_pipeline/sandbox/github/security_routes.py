"""What GitHub's scanners and its settings about security answer."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from kushim_pipeline.sandbox.github import security_shapes as shapes
from kushim_pipeline.sandbox.github.asking import Asking, error, for_admins, for_owners, for_readers
from kushim_pipeline.sandbox.github.model import ActionsPolicy, Organization, Repository
from kushim_pipeline.sandbox.github.paging import cursored, numbered
from kushim_pipeline.sandbox.github.shapes import API, number
from kushim_pipeline.sandbox.standin.paging import each
from kushim_pipeline.sandbox.standin.vendor import Reply

NO_CODE_SECURITY = "Code Security must be enabled for this repository to use code scanning."


def _alerts(
    asking: Asking, org: Organization, kind: str, of: Callable[[Repository], Sequence[Any]], show: Callable[..., Any]
) -> tuple[Any, str]:
    """The alerts that `state`, `severity`, `sort` and `direction` ask for; and the list's path by number."""
    query = asking.query
    found = [(repo, alert) for repo in org.repositories for alert in of(repo)]
    for name in ("state", "severity", "ecosystem", "validity", "resolution"):
        if wanted := query.get(name):
            among = wanted.split(",")
            found = [pair for pair in found if getattr(pair[1], name, None) in among]
    by: Callable[[Any], str] = _changed if query.get("sort") == "updated" else _created
    found.sort(key=lambda pair: (by(pair[1]), pair[1].number), reverse=query.get("direction", "desc") == "desc")
    return each(found, lambda pair: show(org, *pair)), f"/organizations/{number(org.login)}/{kind}/alerts"


def _created(alert: Any) -> str:
    return str(alert.created_at)


def _changed(alert: Any) -> str:
    ended = [getattr(alert, name, None) for name in ("fixed_at", "dismissed_at", "resolved_at")]
    return next((at for at in ended if at), str(alert.created_at))


def _dependabot(asking: Asking, org: Organization) -> Reply:
    """GET /orgs/{org}/dependabot/alerts: by cursor alone"""
    if "page" in asking.query:
        message = "Pagination using the `page` parameter is not supported."
        return error(400, message, "rest/dependabot/alerts#list-dependabot-alerts-for-an-organization")
    items, by_id = _alerts(
        asking,
        org,
        "dependabot",
        lambda repo: repo.dependabot_alerts if repo.vulnerability_alerts else (),
        shapes.dependabot_alert,
    )
    return Reply(page=cursored(asking.request, items, by_id))


def _code_scanning(asking: Asking, org: Organization) -> Reply:
    """GET /orgs/{org}/code-scanning/alerts"""
    items, by_id = _alerts(
        asking, org, "code-scanning", lambda repo: repo.code_alerts if _scans(repo) else (), shapes.code_alert
    )
    return Reply(page=_either(asking)(asking.request, items, by_id))


def _secret_scanning(asking: Asking, org: Organization) -> Reply:
    """GET /orgs/{org}/secret-scanning/alerts"""
    show = partial(shapes.secret_alert, hidden=asking.query.get("hide_secret") == "true")
    items, by_id = _alerts(
        asking, org, "secret-scanning", lambda repo: repo.secret_alerts if repo.secret_scanning else (), show
    )
    return Reply(page=_either(asking)(asking.request, items, by_id))


def _either(asking: Asking) -> Callable[..., Any]:
    """These lists are paged by number, and by cursor for who begins with one, be it empty."""
    return cursored if "after" in asking.query or "before" in asking.query else numbered


def _scans(repo: Repository) -> bool:
    return repo.code_security or repo.visibility == "public"


def _analyses(asking: Asking, org: Organization, repo: Repository) -> Reply:
    """GET /repos/{owner}/{repo}/code-scanning/analyses: newest first"""
    where = "rest/code-scanning/code-scanning#list-code-scanning-analyses-for-a-repository"
    if not _scans(repo):
        return error(403, NO_CODE_SECURITY, where)
    made = [shapes.analysis(org, repo, found) for found in repo.analyses]
    ref, tool = asking.query.get("ref", ""), asking.query.get("tool_name", "")
    made = [
        each
        for each in made
        if (not ref or each["ref"].removeprefix("refs/heads/") == ref.removeprefix("refs/heads/"))
        and (not tool or each["tool"]["name"] == tool)
    ]
    if not made:
        return error(404, "no analysis found", where)
    made.sort(key=lambda each: each["created_at"], reverse=asking.query.get("direction", "desc") == "desc")
    by_id = f"/repositories/{number(f'{org.login}/{repo.name}')}/code-scanning/analyses"
    return Reply(page=numbered(asking.request, made, by_id))


def _vulnerability_alerts(asking: Asking, org: Organization, repo: Repository) -> Reply:
    """GET /repos/{owner}/{repo}/vulnerability-alerts: 204 says yes"""
    if repo.vulnerability_alerts:
        return Reply(204)
    return error(404, "Vulnerability alerts are disabled.", "rest/repos/repos")


def _organization_actions(asking: Asking, org: Organization) -> Reply:
    """GET /orgs/{org}/actions/permissions, and /workflow and /selected-actions below it"""
    url, policy = f"{API}/organizations/{number(org.login)}/actions/permissions", org.actions
    body: dict[str, Any] = {"enabled_repositories": policy.enabled_repositories}
    if policy.enabled_repositories == "selected":
        body["selected_repositories_url"] = f"{url}/repositories"
    return _actions(asking, policy, body, url, policy.enabled_repositories != "none")


def _repository_actions(asking: Asking, org: Organization, repo: Repository) -> Reply:
    """GET /repos/{owner}/{repo}/actions/permissions, and /workflow and /selected-actions below it"""
    url = f"{API}/repositories/{number(f'{org.login}/{repo.name}')}/actions/permissions"
    return _actions(asking, repo.actions, {"enabled": repo.actions.enabled}, url, repo.actions.enabled)


def _actions(asking: Asking, policy: ActionsPolicy, body: dict[str, Any], url: str, is_on: bool) -> Reply:
    part = asking.names[1] if len(asking.names) > 1 else ""
    if part == "workflow":
        may = {"default_workflow_permissions": policy.default_permissions}
        return Reply(200, may | {"can_approve_pull_request_reviews": policy.can_approve})
    selected = policy.allowed == "selected"
    if part:
        allowed = {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": []}
        return Reply(200, allowed) if selected else error(409, "Conflict", "rest/actions/permissions")
    if is_on:
        body |= {"allowed_actions": policy.allowed}
        body |= {"selected_actions_url": f"{url}/selected-actions"} if selected else {}
        body |= {"sha_pinning_required": policy.sha_pinning}
    return Reply(200, body)


dependabot_alerts = for_owners("security", _dependabot)
code_scanning_alerts = for_owners("security", _code_scanning)
secret_scanning_alerts = for_owners("security", _secret_scanning)
code_scanning_analyses = for_readers("security", _analyses)
vulnerability_alerts = for_admins("administration", _vulnerability_alerts)
organization_actions = for_owners("administration", _organization_actions)
repository_actions = for_admins("administration", _repository_actions)
