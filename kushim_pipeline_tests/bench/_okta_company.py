"""An Okta organisation of 5,000 people and 100 applications, and the same one a day later."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kushim_pipeline.sandbox.okta.model import (
    ApiToken,
    App,
    Assignment,
    Authenticator,
    Description,
    Event,
    Factor,
    Group,
    GroupRule,
    Org,
    Policy,
    PolicyRule,
    Role,
    Token,
    User,
    Zone,
)
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.tenants.connection import Connection, OktaConnection

PEOPLE, LEFT, APPS = 5_000, 300, 100
CALLS = PEOPLE + 2 * APPS + 200
SECRETS = {"token": "00tokenThatMustNotBeKeptAnywhere000000000x"}
BASE_PATH = ""
AGAIN_IS_LIMITED = True
_BORN = datetime.now(UTC).replace(microsecond=0)
_PLENTY = dict.fromkeys(("/api/v1/users", "/api/v1/apps", "/api/v1/logs", "/api/v1"), 10**6)


def vendor() -> Okta:
    """The stand-in, as it is first."""
    return Okta(_described(_org()))


def pass_a_day(okta: Okta) -> None:
    """One in a hundred people and applications changes."""
    org, now = _org(), _at(timedelta(seconds=time.time() - _BORN.timestamp()))
    changed = [n for n in range(PEOPLE) if n % 100 == 50]
    users = tuple(replace(user, updated=now) if n in set(changed) else user for n, user in enumerate(org.users))
    apps = tuple(replace(app, updated=now) if n == 50 else app for n, app in enumerate(org.apps))
    events = tuple(
        Event(f"late-{n}", now, "user.mfa.factor.activate", _id(n), (("User", _id(n), "Ada"),)) for n in changed
    )
    okta.become(_described(replace(org, users=users, apps=apps, events=(*org.events, *events))))


def connection(url: str) -> Connection:
    """How it is connected to."""
    return OktaConnection.model_validate({"source": "okta", "org_url": url, "token": "env:TOKEN"})


def settings() -> Mapping[str, str]:
    """The headers that a bare loop needs, too."""
    return {"Authorization": f"SSWS {SECRETS['token']}"}


def _id(number: int) -> str:
    return f"00u{number:017d}"


def _at(later: timedelta) -> str:
    return (_BORN + later).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _described(org: Org) -> Description:
    return Description(org, (Token(SECRETS["token"], "auditor"),), _PLENTY)


def _person(number: int) -> User:
    left = number >= PEOPLE
    factors = () if left or number % 50 == 7 else (Factor("push"), Factor("webauthn", "FIDO" if number % 3 else "OKTA"))
    roles = (Role("SUPER_ADMIN"),) if number < 5 else (Role("READ_ONLY_ADMIN", "GROUP"),) if number < 20 else ()
    return User(
        _id(number),
        f"person-{number:05}@acme.test",
        f"Person{number}",
        status="DEPROVISIONED" if left else "SUSPENDED" if number % 100 == 33 else "ACTIVE",
        factors=factors,
        roles=roles,
        profile={"department": f"Department {number % 40}", "title": "Engineer", "costCenter": f"{number % 90:04}"},
    )


def _app(number: int) -> App:
    users = range(PEOPLE) if number < 2 else range(number * 37, number * 37 + 3 * number)
    return App(
        f"0oa{number:017d}",
        f"App {number}",
        users=tuple(Assignment(_id(n), f"person-{n:05}@acme.test") for n in users),
        group_ids=tuple(f"00g{n:017d}" for n in range(number % 7)),
        access_policy="rst00000000000000001",
    )


def _org() -> Org:
    rule = PolicyRule("0pr00000000000000101", "Default Rule", "PASSWORD", {})
    return Org(
        "acme",
        users=tuple(_person(number) for number in range(PEOPLE + LEFT)),
        groups=tuple(Group(f"00g{n:017d}", f"Group {n}") for n in range(300)),
        group_rules=tuple(
            GroupRule(f"0pr{n:017d}", f"Rule {n}", 'user.department=="R&D"', (f"00g{n:017d}",)) for n in range(30)
        ),
        apps=tuple(_app(number) for number in range(APPS)),
        policies=(
            Policy("00p00000000000000001", "PASSWORD", "Default Policy", rules=(rule,)),
            Policy("00p00000000000000002", "OKTA_SIGN_ON", "Default Policy"),
            Policy("00p00000000000000003", "MFA_ENROLL", "Default Policy"),
            Policy("rst00000000000000001", "ACCESS_POLICY", "Any two factors"),
        ),
        api_tokens=(ApiToken("00T00000000000000001", "Kushim", _id(0)),),
        authenticators=(Authenticator("aut00000000000000001", "okta_password", "password", "Password"),),
        zones=(Zone("nzo00000000000000001", "LegacyIpZone", system=True),),
        events=tuple(
            Event(f"e-{n:05d}", _at(timedelta(minutes=-40 * (3_000 - n))), "user.account.privilege.grant", _id(n % 20))
            for n in range(3_000)
        ),
    )
