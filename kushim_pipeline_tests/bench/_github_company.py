"""A GitHub organisation of 2,000 repositories and 5,000 members, and the same one a day later.

Not the cheapest one: it lets every action run and workflows write, which each repository may narrow down, so that both
settings have to be looked at (one in ten reads only, one in twenty selects its actions, one in forty has none). One
repository in twelve is archived, one in seven public; four fifths of the others pay for code scanning. Enterprise plan,
single sign-on, 200 teams, two rulesets of the organisation and 200 of repositories, 5,000 alerts, 6,000 entries of the
audit log. Without pull requests here; `_github_work_company` has 50 merged ones in each repository.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kushim_pipeline.sandbox.github.model import (
    ActionsPolicy,
    AuditEvent,
    BypassActor,
    Check,
    CodeAlert,
    CodeAnalysis,
    DependabotAlert,
    DeployKey,
    Description,
    Identity,
    IdentityProvider,
    Installation,
    Organization,
    Protection,
    PullRequest,
    Repository,
    Review,
    Rule,
    Ruleset,
    SecretAlert,
    Team,
    Token,
    TokenGrant,
    User,
)
from kushim_pipeline.sandbox.github.vendor import Github
from kushim_pipeline.tenants.connection import Connection, GithubConnection

PEOPLE, REPOSITORIES, TEAMS = 5_000, 2_000, 200
CALLS = 2 * REPOSITORIES + 500
# Built from parts, so that nobody takes it for a token that leaked.
SECRETS = {"token": "ghs_" + "InstallationTokenThatMustNotBeKept00"}
BASE_PATH = ""
AGAIN_IS_LIMITED = True
_BORN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
_PLENTY = 10**7
_WORKFLOW = """name: {name}
on:
  push:
    branches: [main]
  pull_request:
jobs:
  build:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
          cache: pip
      - run: pip install -r requirements.txt
      - run: make {name}
"""
_FILES = {f".github/workflows/{name}.yml": _WORKFLOW.format(name=name) for name in ("test", "release")}


def vendor(pulls: int = 0) -> Github:
    """The stand-in, as it is first. In: merged pull requests in each repository."""
    return Github(_described(tuple(_repository(number, pulls) for number in range(REPOSITORIES))))


def pass_a_day(github: Github, pulls: int = 0) -> None:
    """One in a hundred repositories is pushed to; where there are pull requests, another one is merged in it."""
    now, later = _at(timedelta(seconds=time.time() - _BORN.timestamp())), pulls + 1 if pulls else 0
    repositories = (_repository(number, later if number % 100 == 50 else pulls) for number in range(REPOSITORIES))
    github.become(
        _described(
            tuple(
                replace(repo, pushed_at=now, updated_at=now) if number % 100 == 50 else repo
                for number, repo in enumerate(repositories)
            )
        )
    )


def connection(url: str) -> Connection:
    """How it is connected to."""
    return GithubConnection.model_validate({"source": "github", "org": "acme", "token": "env:TOKEN", "base_url": url})


def settings() -> Mapping[str, str]:
    """The headers that a bare loop needs, too."""
    return {"Authorization": f"Bearer {SECRETS['token']}"}


def _at(later: timedelta) -> str:
    return (_BORN + later).strftime("%Y-%m-%dT%H:%M:%SZ")


def _login(number: int) -> str:
    return f"person-{number % PEOPLE:05}"


def _described(repositories: tuple[Repository, ...]) -> Description:
    token = Token(SECRETS["token"], "kushim[bot]", "acme", app=True)
    return Description((_organization(repositories),), (token,), rate_limit=_PLENTY, points=_PLENTY)


def _organization(repositories: tuple[Repository, ...]) -> Organization:
    return Organization(
        "acme",
        members=tuple(User(_login(n), owner=n < 20, two_factor=n % 100 != 7) for n in range(PEOPLE)),
        outside_collaborators=tuple(User(f"guest-{n:03}", two_factor=n % 20 != 3) for n in range(60)),
        repositories=repositories,
        rulesets=(
            _ruleset(1, "Default branches"),
            _ruleset(2, "Services", [f"repo-{n:04}" for n in range(0, 2000, 4)]),
        ),
        plan="enterprise",
        teams=tuple(
            Team(f"team-{n:03}", tuple(_login(25 * n + m) for m in range(30)), (_login(25 * n),)) for n in range(TEAMS)
        ),
        saml=IdentityProvider(
            identities=tuple(
                Identity(f"guid-{n:05}", f"{_login(n)}@acme.test", _login(n), (f"{_login(n)}@acme.test",), _login(n))
                for n in range(PEOPLE)
            )
        ),
        actions=ActionsPolicy(allowed="all", default_permissions="write", can_approve=True),
        installations=tuple(Installation(n + 1, f"app-{n:02}") for n in range(25)),
        token_grants=tuple(TokenGrant(n + 1, _login(n), f"automation {n}") for n in range(60)),
        audit_log=tuple(
            AuditEvent(f"event-{n:05}", _milliseconds(n), "repo.create", _login(n), {"repo": f"acme/r{n}"})
            for n in range(6_000)
        ),
    )


def _milliseconds(number: int) -> int:
    return int((_BORN - timedelta(minutes=40 * (6_000 - number))).timestamp() * 1000)


def _ruleset(number: int, name: str, repositories: list[str] | None = None) -> Ruleset:
    rules = (Rule("deletion"), Rule("non_fast_forward"), Rule("required_signatures"))
    return Ruleset(number, name, rules, (BypassActor(),), repositories=tuple(repositories or ()))


def _repository(number: int, pulls: int) -> Repository:
    is_public = number % 7 == 3
    changed = _at(timedelta(minutes=-37 * (number % 9_000) - 60))
    own = Ruleset(
        1_000 + number, "Reviews", (Rule("pull_request", {"required_approving_review_count": 1}),), (BypassActor(),)
    )
    return Repository(
        f"repo-{number:04}",
        visibility="public" if is_public else "internal" if number % 7 == 5 else "private",
        archived=number % 12 == 11,
        protection=Protection(reviews=1 + number % 2, checks=("test", "lint")) if number % 2 else None,
        rulesets=(own,) if number % 10 == 4 else (),
        created_at="2024-01-17T20:14:26Z",
        pushed_at=changed,
        updated_at=changed,
        files=_FILES if number % 3 else {},
        deploy_keys=tuple(DeployKey(10 * number + n, f"deploy {n}") for n in range(2)) if number % 10 == 1 else (),
        actions=_actions(number),
        code_security=is_public or number % 5 != 0,
        analyses=tuple(CodeAnalysis(100 * number + n, changed, results=n) for n in range(30)) if number % 3 else (),
        dependabot_alerts=tuple(DependabotAlert(n + 1, created_at=changed) for n in range(number % 4)),
        code_alerts=tuple(CodeAlert(n + 1, created_at=changed) for n in range(2)) if number % 2 else (),
        secret_alerts=(SecretAlert(1, created_at=changed),) if number % 7 == 1 else (),
        pull_requests=tuple(_pull(number, n) for n in range(pulls)),
    )


def _actions(number: int) -> ActionsPolicy:
    """Most leave what the organisation set; some read only, some select their actions, a few have none at all."""
    if number % 40 == 17:
        return ActionsPolicy(enabled=False, default_permissions="write")
    if number % 12 == 5:
        return ActionsPolicy(allowed="selected" if number % 24 == 5 else "all", default_permissions="read")
    return ActionsPolicy(allowed="selected" if number % 20 == 9 else "all", default_permissions="write")


def _pull(repository: int, number: int) -> PullRequest:
    """One a week, the 51st today. Two reviews and three checks each, one in fifty with more than fit a page."""
    merged = _at(timedelta(days=-7 * (50 - number), minutes=-(repository % 1_440) if number < 50 else 60))
    author = _login(repository + 3 * number)
    many = number % 50 == 7 and repository % 20 == 0
    return PullRequest(
        number + 1,
        author,
        title=f"ACME-{10 * repository + number}: settle what the ledger owes in part {number}",
        body="Settles what was left open when the entries were closed.\n\n- adds a test\n- keeps the old format\n" * 3,
        created_at=merged,
        merged_at=merged,
        merged_by=_login(repository + 3 * number + 1),
        branch=f"acme-{number}",
        reviews=tuple(
            Review(_login(repository + 3 * number + 1 + n), "COMMENTED" if n else "APPROVED", merged)
            for n in range(25 if many else 2)
        ),
        checks=tuple(Check(name) for name in ("test", "lint", "build")),
    )
