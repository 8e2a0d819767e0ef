"""A tenant's Okta organisation as the stand-in takes it, and a name for everything in it that is judged."""

from collections.abc import Iterator, Mapping

from kushim_pipeline.sandbox.okta.model import (
    WORKFORCE_LIMITS,
    ApiToken,
    App,
    Assignment,
    Authenticator,
    Description,
    Event,
    Factor,
    Group,
    Org,
    Policy,
    PolicyRule,
    Role,
    Status,
    Token,
    User,
    Zone,
)
from kushim_pipeline.sandbox.okta_plan import OktaOrg
from kushim_pipeline.sandbox.people import LONG_AGO, People, Person, days_ago, number, written

SERVICE = "kushim"
"""The service account that Kushim's token acts for; it is no person."""
CONSOLE = "Okta Admin Console"
REVIEW = "last"
"""What the last review of access calls itself."""
_GRANTS = ("user.lifecycle.create", "user.account.privilege.grant")


def describe(tenant_id: str, company: str, people: People, plan: OktaOrg, token: str) -> Description:
    """The organisation. `token`: the API token that Kushim has for it."""
    users = _users(tenant_id, people, plan)
    everybody = Group(_id("00g", 1), "Everyone", type="BUILT_IN")
    org = Org(
        subdomain=tenant_id,
        company=company,
        users=users,
        groups=(everybody,),
        apps=_apps(plan, users),
        policies=_policies(plan),
        api_tokens=tuple(
            ApiToken(_id("00T", n), name, user_id(tenant_id, each.owner), updated=written(days_ago(each.used, 0)))
            for n, (name, each) in enumerate(plan.tokens.items(), 1)
        ),
        authenticators=_authenticators(plan),
        zones=(Zone(_id("nzo", 1), "Offices", ("203.0.113.0/24",), system=True),),
        events=sorted(_events(tenant_id, people, plan), key=lambda event: event.published),
    )
    # Two runs within a minute must not wait for each other.
    limits = {bucket: 10 * limit for bucket, limit in WORKFORCE_LIMITS.items()}
    return Description(org, (Token(token, SERVICE, lacks=plan.missing_scopes),), limits)


def names(tenant_id: str, host: str, people: People, plan: OktaOrg) -> dict[str, str]:
    """What the manifest calls things of the organisation -> Okta's ids. Who is judged for several reasons has a name
    for each."""
    found = {"okta/organization": host}
    for user in _users(tenant_id, people, plan):
        login = user.login.partition("@")[0]
        found[f"okta/identity/{login}"] = user.id
        if user.status == "ACTIVE":
            if login != SERVICE:
                found[f"okta/signer/{login}"] = user.id
            if user.roles:
                found[f"okta/administrator/{login}"] = user.id
        if plan.admins.get(login) == "SUPER_ADMIN":
            found[f"okta/super_administrator/{login}"] = user.id
        if login in people and people[login].has_left:
            found[f"okta/leaver/{login}"] = user.id
    found |= {f"okta/identity/{login}": user_id(tenant_id, login) for login in plan.deleted}
    for app in _apps(plan, ()):
        found[f"okta/application/{app.label}"] = app.id
        if app.label != CONSOLE:
            found[f"okta/registered/{app.label}"] = app.id
    found |= {f"okta/registered/{label}": label for label in plan.absent_apps}
    for app in applications(tenant_id, people, plan):
        if plan.review and app.label in plan.review.apps:
            found |= {
                f"okta/review/{app.label}/{each.username.partition('@')[0]}": f"{app.id}/{each.user_id}/{REVIEW}"
                for each in app.users
            }
        elif app.users:
            found[f"okta/unreviewed/{app.label}"] = app.id
    found |= {f"okta/api_token/{name}": _id("00T", n) for n, name in enumerate(plan.tokens, 1)}
    found |= {f"okta/weak_authenticator/{each.key}": each.id for each in _authenticators(plan) if each.settings}
    for policy in _policies(plan):
        kind = {"PASSWORD": "password_policy", "OKTA_SIGN_ON": "session_policy"}.get(policy.type, "access_policy")
        found[f"okta/{kind}/{policy.name}"] = policy.id
    for event in _events(tenant_id, people, plan):
        name = event.uuid.removeprefix(f"{tenant_id}-")
        if event.type in _GRANTS:
            found[f"okta/grant/{name}"] = event.uuid
        if event.type.startswith("policy.") or ".privilege." in event.type:
            found[f"okta/change/{name}"] = event.uuid
    return found


def applications(tenant_id: str, people: People, plan: OktaOrg) -> tuple[App, ...]:
    """The applications with who has them."""
    return _apps(plan, _users(tenant_id, people, plan))


def user_id(tenant_id: str, login: str) -> str:
    """Okta's id of somebody."""
    return _id("00u", number(tenant_id, login))


def _id(kind: str, value: int) -> str:
    return f"{kind}{value:017d}"


def email(tenant_id: str, login: str, person: Person | None = None) -> str:
    """Somebody's address, which is the user name in Okta, too."""
    return (person.email if person else "") or f"{login}@{tenant_id}.test"


def _users(tenant_id: str, people: People, plan: OktaOrg) -> tuple[User, ...]:
    service = Person(name="Kushim Service", department="security")
    return tuple(
        _user(tenant_id, login, person, plan)
        for login, person in {**people, SERVICE: service}.items()
        if login not in plan.strangers and login not in plan.deleted
    )


def _user(tenant_id: str, login: str, person: Person, plan: OktaOrg) -> User:
    first, _, last = person.name.partition(" ")
    role = plan.admins.get(login, "READ_ONLY_ADMIN" if login == SERVICE else "")
    status: Status = plan.statuses.get(login, "ACTIVE")
    changed = days_ago(person.started)
    last_login = days_ago(plan.idle.get(login, 1))
    if person.ended is not None:
        last_login = days_ago(person.ended)
        if login not in plan.still_active:
            status, changed = "DEPROVISIONED", days_ago(person.ended - plan.closed_late.get(login, 0), 17)
    return User(
        id=user_id(tenant_id, login),
        login=email(tenant_id, login, person),
        first=first,
        last=last,
        status=status,
        created=written(days_ago(person.started)),
        updated=written(changed),
        last_login=written(last_login),
        factors=tuple(Factor(kind) for kind in plan.factors.get(login, ("webauthn", "push"))),
        roles=(Role(role),) if role else (),
        profile={"department": person.department},
    )


def _events(tenant_id: str, people: People, plan: OktaOrg) -> Iterator[Event]:
    """What the log says of who came and left within its 90 days, and what else was done."""

    def event(name: str, kind: str, when: float, *target: str) -> Event:
        at = written(days_ago(when, 17))
        return Event(f"{tenant_id}-{name}", at, kind, SERVICE, ((target[0], target[1], target[2]),))

    def about(login: str) -> tuple[str, str, str]:
        return "User", user_id(tenant_id, login), email(tenant_id, login, people.get(login))

    for login, person in people.items():
        if login in plan.strangers:
            continue
        if person.started < LONG_AGO:
            yield event(f"joined-{login}", "user.lifecycle.create", person.started, *about(login))
        if person.ended is not None and login not in plan.still_active:
            closed = person.ended - plan.closed_late.get(login, 0)
            yield event(f"left-{login}", "user.lifecycle.deactivate", closed, *about(login))
    for login, days in plan.deleted.items():
        yield event(f"deleted-{login}", "user.lifecycle.delete.initiated", days, *about(login))
    for name, each in plan.events.items():
        is_person = each.about in people
        target = about(each.about) if is_person else ("PolicyEntity", _id("00p", 1), each.about)
        yield event(name, each.type, each.days, *target)


def _apps(plan: OktaOrg, users: tuple[User, ...]) -> tuple[App, ...]:
    """The applications, the Admin Console first; everybody who is active has each but that."""
    assigned = tuple(Assignment(user.id, user.login) for user in users if user.status == "ACTIVE")
    console = App(_id("0oa", 0), CONSOLE, "OPENID_CONNECT", name="saasure", access_policy=_id("rst", 0))
    return (
        console,
        *(
            App(
                _id("0oa", n),
                label,
                app.sign_on,
                name=label.lower().replace(" ", "_"),
                users=assigned,
                access_policy=_id("rst", 1 if app.second_factor else 2),
            )
            for n, (label, app) in enumerate(plan.apps.items(), 1)
        ),
    )


def _policies(plan: OktaOrg) -> tuple[Policy, ...]:
    words, session = plan.passwords, plan.sessions
    password = {
        "complexity": {
            "minLength": words.length,
            "minLowerCase": 1,
            "minUpperCase": 1,
            "minNumber": int(words.digit),
            "minSymbol": 0,
            "excludeUsername": True,
        },
        "age": {"maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": words.history},
        "lockout": {"maxAttempts": words.attempts, "autoUnlockMinutes": words.unlock, "showLockoutFailures": False},
    }
    sign_on = {
        "access": "ALLOW",
        "requireFactor": session.second_factor,
        "primaryFactor": "PASSWORD_IDP_ANY_FACTOR",
        "rememberDeviceByDefault": False,
        "session": {
            "usePersistentCookie": False,
            "maxSessionIdleMinutes": session.idle_minutes,
            "maxSessionLifetimeMinutes": 720,
        },
    }
    return (
        Policy(_id("00p", 2), "PASSWORD", "Passwords", {"password": password}, system=True),
        _with_rule(Policy(_id("00p", 3), "OKTA_SIGN_ON", "Sessions", system=True), "SIGN_ON", {"signon": sign_on}),
        Policy(_id("00p", 4), "MFA_ENROLL", "Enrolment", {"type": "AUTHENTICATORS", "authenticators": []}, system=True),
        _access(0, "Administrators", factors=2, resists=plan.console_resists_phishing),
        _access(1, "Two factors", factors=2),
        _access(2, "One factor", factors=1),
    )


def _access(n: int, name: str, *, factors: int, resists: bool = False) -> Policy:
    possession = {"phishingResistant": "REQUIRED"} if resists else {"userPresence": "REQUIRED"}
    method = {
        "type": "ASSURANCE",
        "factorMode": f"{factors}FA",
        "reauthenticateIn": "PT2H",
        "constraints": [{"possession": possession}] if factors == 2 else [],
    }
    rule = {"appSignOn": {"access": "ALLOW", "verificationMethod": method}}
    return _with_rule(Policy(_id("rst", n), "ACCESS_POLICY", name), "ACCESS_POLICY", rule)


def _with_rule(policy: Policy, kind: str, actions: Mapping[str, object]) -> Policy:
    rule = PolicyRule(f"rul{policy.id[3:]}", "Catch-all Rule", kind, actions, priority=99, system=True)
    return Policy(policy.id, policy.type, policy.name, policy.settings, rules=(rule,), system=policy.system)


def _authenticators(plan: OktaOrg) -> tuple[Authenticator, ...]:
    allowed = {"allowedFor": "any" if plan.weak_authenticators else "recovery"}
    return (
        Authenticator(_id("aut", 1), "okta_password", "password", "Password"),
        Authenticator(_id("aut", 2), "webauthn", "security_key", "Security Key"),
        Authenticator(_id("aut", 3), "okta_verify", "app", "Okta Verify"),
        Authenticator(_id("aut", 4), "phone_number", "phone", "Phone", settings=allowed),
        Authenticator(_id("aut", 5), "okta_email", "email", "Email", settings={"allowedFor": "recovery"}),
    )
