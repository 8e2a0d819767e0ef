"""What GET /repos/{owner}/{repo}, its branches and its rulesets answer."""

from urllib.parse import quote

from kushim_pipeline.sandbox.github import repository_shapes, shapes
from kushim_pipeline.sandbox.github.asking import NOT_FOUND, Asking, error, is_admin, refusal
from kushim_pipeline.sandbox.github.model import Organization, Repository, Ruleset
from kushim_pipeline.sandbox.github.paging import numbered
from kushim_pipeline.sandbox.standin.vendor import Reply


def get_repository(asking: Asking) -> Reply:
    """GET /repos/{owner}/{repo}"""
    found = asking.repository
    return Reply(200, repository_shapes.minimal(*found, admin=is_admin(asking.token, found[0]))) if found else NOT_FOUND


def get_protection(asking: Asking) -> Reply:
    """GET /repos/{owner}/{repo}/branches/{branch}/protection"""
    if asking.repository is None:
        return NOT_FOUND
    org, repo = asking.repository
    if refused := refusal(asking.token, org, "administration"):
        return refused
    where = "rest/branches/branch-protection#get-branch-protection"
    if repo.empty or asking.names[1] != repo.default_branch:
        return error(404, "Branch not found", where)
    if repo.protection is None:
        return error(404, "Branch not protected", where)
    return Reply(200, repository_shapes.protection(org, repo, repo.protection))


def list_rules(asking: Asking) -> Reply:
    """GET /repos/{owner}/{repo}/rules/branches/{branch}: the rules of active rulesets"""
    if asking.repository is None:
        return NOT_FOUND
    org, repo = asking.repository
    full = f"{org.login}/{repo.name}"
    items = [
        repository_shapes.branch_rule(rule, ruleset, owner)
        for ruleset, owner in rulesets(org, repo)
        if asking.names[1] == repo.default_branch and ruleset.enforcement == "active"
        for rule in ruleset.rules
    ]
    by_id = f"/repositories/{shapes.number(full)}/rules/branches/{quote(asking.names[1], safe='')}"
    return Reply(page=numbered(asking.request, items, by_id))


def get_ruleset(asking: Asking) -> Reply:
    """GET /repos/{owner}/{repo}/rulesets/{id}: its own, or one of the organisation that applies to it"""
    found = asking.repository
    for ruleset, owner in rulesets(*found) if found else ():
        if str(ruleset.id) == asking.names[1] and found:
            return Reply(200, repository_shapes.ruleset(ruleset, owner, admin=is_admin(asking.token, found[0])))
    return NOT_FOUND


def rulesets(org: Organization, repo: Repository) -> list[tuple[Ruleset, str]]:
    """The rulesets of a repository's default branch, each with its owner: the repository's own, then the
    organisation's."""
    own = [(ruleset, f"{org.login}/{repo.name}") for ruleset in repo.rulesets]
    above = [(r, org.login) for r in org.rulesets if not r.repositories or repo.name in r.repositories]
    return own + above
