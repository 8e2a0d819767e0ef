"""What the stand-in answers to a path, for a token: pure, without HTTP."""

import re
from urllib.parse import unquote

from kushim_pipeline.sandbox.github import organization_routes as of_organization
from kushim_pipeline.sandbox.github import repository_routes as of_repository
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
        (_REPO, of_repository.get_repository),
        (_REPO + r"/branches/([^/]+)/protection", of_repository.get_protection),
        (_REPO + r"/rules/branches/([^/]+)", of_repository.list_rules),
        (_REPO + r"/rulesets/(\d+)", of_repository.get_ruleset),
        (r"/user", get_user),
    )
)
