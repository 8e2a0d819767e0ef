"""What may be asked for: never without an end, an auditor never without a framework and a window."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.access.login import AccessRefused, refuse_name
from kushim_pipeline.access.roles import ANY_TENANT, Role
from kushim_pipeline.access.wanted import wanted
from kushim_pipeline.commands.access_group import ROLES
from kushim_pipeline_tests.fixtures import catalogue

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CATALOGUE = catalogue()
AUDIT = {"framework": "soc2", "window": "2026-01-01..2026-12-31"}


def test_an_auditors_access_is_short_unless_a_day_is_named() -> None:
    assert wanted("a", Role.AUDITOR, "acme", CATALOGUE, now=NOW, **AUDIT).expires_at == datetime(
        2026, 8, 31, tzinfo=UTC
    )
    named = wanted("a", Role.AUDITOR, "acme", CATALOGUE, now=NOW, expires=date(2027, 1, 31), **AUDIT)
    assert named.expires_at == datetime(2027, 2, 1, tzinfo=UTC)  # the day itself is still good
    assert (named.window_from, named.window_to) == (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("role", list(Role))
def test_nothing_is_granted_without_an_end(role: Role) -> None:
    limits = AUDIT if role is Role.AUDITOR else {}
    asked = wanted("a", role, "acme", CATALOGUE, now=NOW, **limits)
    assert NOW < asked.expires_at <= NOW + timedelta(days=367)
    with pytest.raises(AccessRefused, match="is over already"):
        wanted("a", role, "acme", CATALOGUE, now=NOW, expires=date(2026, 5, 31), **limits)


@pytest.mark.parametrize("role", list(Role))
def test_any_tenant_is_for_the_pipelines_own_people(role: Role) -> None:
    limits = AUDIT if role is Role.AUDITOR else {}
    if role in ANY_TENANT:
        assert wanted("a", role, "*", CATALOGUE, now=NOW, **limits).tenant_id == "*"
    else:
        with pytest.raises(AccessRefused, match="name one tenant"):
            wanted("a", role, "*", CATALOGUE, now=NOW, **limits)


@pytest.mark.parametrize(
    ("role", "more", "words"),
    [
        (Role.AUDITOR, {}, "needs --framework and --window"),
        (Role.AUDITOR, {"framework": "soc2"}, "needs --framework and --window"),
        (Role.AUDITOR, {"window": AUDIT["window"]}, "needs --framework and --window"),
        (Role.AUDITOR, {**AUDIT, "framework": "hipaa"}, "hipaa is not in the catalogue yet"),
        (Role.AUDITOR, {**AUDIT, "window": "2026-01-01"}, "write the window as"),
        (Role.AUDITOR, {**AUDIT, "window": "2026-12-31..2026-01-01"}, "write the window as"),
        (Role.AUDITOR, {**AUDIT, "window": "2026-01-01.."}, "write the window as"),
        (Role.VIEWER, AUDIT, "takes neither"),
        (Role.OPERATOR, {"controls": ("KC-AC-01",)}, "sees no verdicts"),
        (Role.VIEWER, {"controls": ("KC-NO-01",)}, "no control is called KC-NO-01"),
        (Role.VIEWER, {"controls": ("KC-AC-0[1]",)}, "no control is called"),
        (Role.VIEWER, {"controls": ("%",)}, "no control is called"),
    ],
)
def test_what_breaks_a_rule_is_refused(role: Role, more: dict[str, object], words: str) -> None:
    with pytest.raises(AccessRefused) as refused:
        wanted("a", role, "acme", CATALOGUE, now=NOW, **more)  # type: ignore[arg-type]
    assert words in str(refused.value)


@pytest.mark.parametrize("tenant", ["", "Acme", "a b", "a" * 41, "acme;", "**"])
def test_a_tenants_id_is_one(tenant: str) -> None:
    with pytest.raises(AccessRefused, match="no tenant's id"):
        wanted("a", Role.VIEWER, tenant, CATALOGUE, now=NOW)


@pytest.mark.parametrize(
    "login", ["", "pg_x", "kushim_reader", "postgres", "public", "Ann", "1a", "a b", 'a"b', "a" * 64]
)
def test_names_that_no_person_may_have(login: str) -> None:
    with pytest.raises(AccessRefused):
        refuse_name(login)


def test_the_command_offers_every_role() -> None:
    assert tuple(Role) == ROLES


@given(st.text())
def test_a_name_that_is_taken_is_plain(login: str) -> None:
    try:
        refuse_name(login)
    except AccessRefused:
        return
    assert login.isascii() and len(login.encode()) <= 63 and not set(login) & set("\"'\\; \n\0")
