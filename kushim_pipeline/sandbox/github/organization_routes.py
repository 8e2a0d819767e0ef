"""What GET /orgs/{org} and the lists below it answer."""

from kushim_pipeline.sandbox.github import repository_shapes, shapes
from kushim_pipeline.sandbox.github.asking import (
    LACKING,
    NOT_FOUND,
    Asking,
    error,
    is_admin,
    role,
    visible,
)
from kushim_pipeline.sandbox.github.paging import numbered
from kushim_pipeline.sandbox.standin.paging import each
from kushim_pipeline.sandbox.standin.vendor import Reply


def get_organization(asking: Asking) -> Reply:
    """GET /orgs/{org}"""
    org = asking.org
    return Reply(200, shapes.organization(org, role=role(asking.token, org))) if org else NOT_FOUND


def list_repositories(asking: Asking) -> Reply:
    """GET /orgs/{org}/repos"""
    org = asking.org
    if org is None:
        return NOT_FOUND
    kind = asking.query.get("type", "all")
    found = visible(asking.token, org)
    if kind != "all":
        found = [repo for repo in found if kind == repo.visibility]
    admin = is_admin(asking.token, org)
    items = each(found, lambda repo: repository_shapes.minimal(org, repo, admin=admin))
    return Reply(page=numbered(asking.request, items, f"/organizations/{shapes.number(org.login)}/repos"))


def list_people(asking: Asking) -> Reply:
    """GET /orgs/{org}/members and /orgs/{org}/outside_collaborators"""
    org, query = asking.org, asking.query
    if org is None:
        return NOT_FOUND
    members = asking.names[1] == "members"
    seen_as = role(asking.token, org)
    if seen_as == "outsider":
        where = f"{shapes.API}/organizations/{shapes.number(org.login)}/public_members"
        return error(302, "Found", Location=where) if members else NOT_FOUND
    if "members" in asking.token.lacks:
        return LACKING
    people = org.members if members else org.outside_collaborators
    if query.get("filter", "all") == "2fa_disabled":
        if seen_as != "owner":
            return error(422, "Only owners can use this filter", "rest/orgs/members#list-organization-members")
        people = tuple(person for person in people if not person.two_factor)
    if not members and seen_as != "owner":
        people = ()  # who is no owner sees an empty list, not a denial
    if members and query.get("role", "all") != "all":
        people = tuple(person for person in people if person.owner == (query["role"] == "admin"))
    by_id = f"/organizations/{shapes.number(org.login)}/{asking.names[1]}"
    return Reply(page=numbered(asking.request, each(people, shapes.user_of), by_id))


def get_organization_ruleset(asking: Asking) -> Reply:
    """GET /orgs/{org}/rulesets/{id}"""
    org = asking.org
    if org is None or not is_admin(asking.token, org):
        return NOT_FOUND
    for ruleset in org.rulesets:
        if str(ruleset.id) == asking.names[1]:
            return Reply(200, repository_shapes.ruleset(ruleset, org.login, admin=True))
    return NOT_FOUND
