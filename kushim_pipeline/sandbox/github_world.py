"""The tenants' GitHub organisations as the stand-in takes them, and a name for everything in them that is judged."""

from collections.abc import Mapping

from kushim_pipeline.sandbox.github.model import (
    BypassActor,
    Description,
    Organization,
    Protection,
    Repository,
    Rule,
    Ruleset,
    Token,
    User,
)
from kushim_pipeline.sandbox.github.model_security import Identity, IdentityProvider
from kushim_pipeline.sandbox.github.model_work import PullRequest
from kushim_pipeline.sandbox.manifest import Merged, Tenant
from kushim_pipeline.sandbox.manifest import Organization as Planned
from kushim_pipeline.sandbox.manifest import Repository as PlannedRepository
from kushim_pipeline.sandbox.okta_world import email
from kushim_pipeline.sandbox.people import People, days_ago, number

_RULES = (
    Rule("pull_request", {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": True}),
    Rule("required_status_checks", {"required_status_checks": [{"context": "build"}]}),
    Rule("non_fast_forward"),
    Rule("deletion"),
)


def describe(tenants: Mapping[str, Tenant], tokens: Mapping[str, str]) -> Description:
    """All organisations of all tenants. `tokens`: organisation -> the token that Kushim has for it."""
    planned = {login: org for tenant in tenants.values() for login, org in tenant.github.items()}
    return Description(
        organizations=tuple(
            _organization(tenant_id, login, org, tenant.people)
            for tenant_id, tenant in tenants.items()
            for login, org in tenant.github.items()
        ),
        tokens=tuple(
            Token(
                value=tokens[login],
                owner=org.owners[0] if org.seen_as == "owner" else (org.members or org.owners)[0],
                org=login,
                role=org.seen_as,
                repositories=None if org.seen_as == "owner" else (),
            )
            for login, org in planned.items()
        ),
    )


def names(tenant: Tenant) -> dict[str, str]:
    """What the manifest calls a tenant's organisations, people and repositories -> the id that GitHub gives them."""
    found: dict[str, str] = {}
    for login, org in tenant.github.items():
        found[f"{login}/org"] = login
        found |= {f"{login}/repo/{name}": f"{login}/{name}" for name in org.repositories}
        found |= {
            f"{login}/pull_request/{name}#{n}": f"{login}/{name}#{n}"
            for name, repository in org.repositories.items()
            for n, _ in enumerate(repository.merged, 1)
        }
        found |= {f"{login}/owner/{person}": person for person in org.owners}
        found |= {f"{login}/member/{person}": person for person in _members(org, tenant.people)}
        found |= {f"{login}/outsider/{person}": person for person in org.outside_collaborators}
    return found


def _members(org: Planned, people: People) -> list[str]:
    theirs = [login for login, person in people.items() if person.department in org.departments and not person.has_left]
    crowd = [f"employee-{number:03}" for number in range(1, org.crowd + 1)]
    return list(dict.fromkeys([*org.owners, *theirs, *org.members, *crowd]))


def _organization(tenant_id: str, login: str, org: Planned, people: People) -> Organization:
    linked = tuple(
        Identity(f"{number(login, person):032x}", email(tenant_id, person, people[person]), person)
        for person in _members(org, people)
        if person in people
    )
    return Organization(
        login=login,
        members=tuple(
            User(p, owner=p in org.owners, two_factor=p not in org.without_2fa) for p in _members(org, people)
        ),
        outside_collaborators=tuple(User(p, two_factor=p not in org.without_2fa) for p in org.outside_collaborators),
        repositories=tuple(
            _repository(number, name, repository) for number, (name, repository) in enumerate(org.repositories.items())
        ),
        plan="enterprise" if org.single_sign_on else "team",
        saml=IdentityProvider(identities=linked) if org.single_sign_on else None,
        two_factor_required=org.two_factor_required,
        default_repository_permission=org.base_permission,
    )


def _repository(number: int, name: str, planned: PlannedRepository) -> Repository:
    bypass = (BypassActor(),) if planned.ruleset == "bypass" else ()
    rulesets = (Ruleset(1000 + number, "default branch", _RULES, bypass),) if planned.ruleset != "none" else ()
    return Repository(
        name=name,
        visibility=planned.visibility,
        archived=planned.archived,
        protection=Protection(**planned.protection.model_dump()) if planned.protection else None,
        rulesets=rulesets,
        pull_requests=tuple(_merged(n, each) for n, each in enumerate(planned.merged, 1)),
    )


def _merged(n: int, planned: Merged) -> PullRequest:
    at = f"{days_ago(planned.days, 15):%Y-%m-%dT%H:%M:%SZ}"
    return PullRequest(
        n, planned.by, planned.title, created_at=at, merged_at=at, merged_by=planned.by, branch=f"change-{n}"
    )
