"""What the stand-in answers to a path, for a token: pure, without HTTP."""

import re
from urllib.parse import unquote

from kushim_pipeline.sandbox.github import access_routes as access
from kushim_pipeline.sandbox.github import organization_routes as of_organization
from kushim_pipeline.sandbox.github import repository_routes as of_repository
from kushim_pipeline.sandbox.github import security_routes as security
from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.asking import NOT_FOUND, Answer, Asking, Estate, error
from kushim_pipeline.sandbox.github.model import Token
from kushim_pipeline.sandbox.standin.vendor import Reply, Request


def respond(estate: Estate, token: Token | None, request: Request) -> Reply:
    """The answer to a GET for a token; None is a token nobody knows."""
    if token is None:
        return error(401, "Bad credentials")
    for pattern, answer in _ROUTES if request.method == "GET" else ():
        found = pattern.fullmatch(request.path)
        if found:
            names = [unquote(text) for text in found.groups() if text is not None]
            return answer(Asking(estate, token, names, request))
    return NOT_FOUND


def get_user(asking: Asking) -> Reply:
    """GET /user: whose token it is"""
    return Reply(200, shapes.user(asking.token.owner))


_ORG = r"/(?:orgs|organizations)/([^/]+)"
_REPO = r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))"
_ROUTES: tuple[tuple[re.Pattern[str], Answer], ...] = tuple(
    (re.compile(pattern), answer)
    for pattern, answer in (
        (_ORG, of_organization.get_organization),
        (_ORG + r"/repos", of_organization.list_repositories),
        (_ORG + r"/(members|outside_collaborators)", of_organization.list_people),
        (_ORG + r"/rulesets/(\d+)", of_organization.get_organization_ruleset),
        (_ORG + r"/teams", access.list_teams),
        (_ORG + r"/teams/([^/]+)/members", access.list_team_members),
        (_ORG + r"/installations", access.list_installations),
        (_ORG + r"/personal-access-tokens", access.list_token_grants),
        (_ORG + r"/audit-log", access.list_audit_log),
        (_ORG + r"/dependabot/alerts", security.dependabot_alerts),
        (_ORG + r"/code-scanning/alerts", security.code_scanning_alerts),
        (_ORG + r"/secret-scanning/alerts", security.secret_scanning_alerts),
        (_ORG + r"/actions/permissions(?:/(workflow|selected-actions))?", security.organization_actions),
        (_REPO, of_repository.get_repository),
        (_REPO + r"/code-scanning/analyses", security.code_scanning_analyses),
        (_REPO + r"/vulnerability-alerts", security.vulnerability_alerts),
        (_REPO + r"/actions/permissions(?:/(workflow|selected-actions))?", security.repository_actions),
        (_REPO + r"/branches/([^/]+)/protection", of_repository.get_protection),
        (_REPO + r"/rules/branches/([^/]+)", of_repository.list_rules),
        (_REPO + r"/rulesets/(\d+)", of_repository.get_ruleset),
        (r"/user", get_user),
    )
)
