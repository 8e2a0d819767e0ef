"""The tenants' GitHub organisations as the stand-in takes them, and a name for everything in them that is judged."""

from collections.abc import Mapping

from kushim_pipeline.sandbox import github_work
from kushim_pipeline.sandbox.github.model import (
    ActionsPolicy,
    BypassActor,
    DeployKey,
    Description,
    Organization,
    Protection,
    Repository,
    Rule,
    Ruleset,
    Token,
    User,
)
from kushim_pipeline.sandbox.github.model_security import (
    Identity,
    IdentityProvider,
    Installation,
    SecretAlert,
    TokenGrant,
)
from kushim_pipeline.sandbox.manifest import Leak, Tenant
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
            github_work.with_work(_organization(tenant_id, login, org, tenant.people), org)
            for tenant_id, tenant in tenants.items()
            for login, org in tenant.github.items()
        ),
        tokens=tuple(
            Token(
                value=tokens[login],
                owner=(org.members or org.owners)[0] if org.seen_as == "member" else org.owners[0],
                org=login,
                role="member" if org.seen_as == "member" else "owner",
                repositories=() if org.seen_as == "member" else None,
                app=org.seen_as == "app",
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
        found |= github_work.names(login, org)
        found |= {
            f"{login}/secret_alert/{name}#{n}": f"{login}/{name}#{n}"
            for name, repository in org.repositories.items()
            for n, _ in enumerate(repository.leaks, 1)
        }
        found |= {
            f"{login}/credential/{title}": f"{login}/{name}/keys/DK_{number(name, title):x}"
            for name, repository in org.repositories.items()
            for title in repository.keys
        }
        found |= {f"{login}/credential/{app}": f"{login}/installations/{number(login, app)}" for app in org.apps}
        found |= {
            f"{login}/credential/{name}": f"{login}/personal-access-tokens/{number(login, name)}" for name in org.tokens
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
            _repository(number, name, repository, _actions(org))
            for number, (name, repository) in enumerate(org.repositories.items())
        ),
        actions=_actions(org),
        installations=tuple(Installation(number(login, app), app, {"contents": "write"}) for app in org.apps),
        token_grants=tuple(
            TokenGrant(number(login, name), person, name, {"contents": "write"}) for name, person in org.tokens.items()
        ),
        plan="enterprise" if org.single_sign_on else "team",
        saml=IdentityProvider(identities=linked) if org.single_sign_on else None,
        two_factor_required=org.two_factor_required,
        default_repository_permission=org.base_permission,
    )


def _actions(org: Planned) -> ActionsPolicy:
    return ActionsPolicy(allowed=org.allowed_actions, default_permissions=org.workflows_may)


def _repository(place: int, name: str, planned: PlannedRepository, actions: ActionsPolicy) -> Repository:
    bypass = (BypassActor(),) if planned.ruleset == "bypass" else ()
    rulesets = (Ruleset(1000 + place, "default branch", _RULES, bypass),) if planned.ruleset != "none" else ()
    steps = "".join(f"      - uses: {action}\n" for action in planned.uses)
    workflow = f"on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n{steps}" if steps else "jobs: [\n"
    return Repository(
        name=name,
        visibility=planned.visibility,
        archived=planned.archived,
        protection=Protection(**planned.protection.model_dump()) if planned.protection else None,
        rulesets=rulesets,
        secret_scanning=planned.secret_scanning,
        push_protection=planned.push_protection,
        secret_alerts=tuple(_leaked(n, each) for n, each in enumerate(planned.leaks, 1)),
        files={".github/workflows/build.yml": workflow},
        actions=actions,
        deploy_keys=tuple(DeployKey(number(name, title), title, read_only=False) for title in planned.keys),
    )


def _leaked(n: int, planned: Leak) -> SecretAlert:
    closed = None if planned.closed is None else f"{days_ago(planned.closed):%Y-%m-%dT%H:%M:%SZ}"
    return SecretAlert(
        n,
        state="resolved" if closed else "open",
        resolution=planned.resolution if closed else None,
        created_at=f"{days_ago(planned.days):%Y-%m-%dT%H:%M:%SZ}",
        resolved_at=closed,
    )
