"""Whatever goes wrong on the way, the streams that it touches are not complete, and the others are untouched."""

import json
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.listing import PER_PAGE
from kushim_pipeline.collect.http.patience import Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, User
from kushim_pipeline_tests.integration.collect.github.company import (
    LOGIN,
    PER_REPOSITORY,
    TOKENS,
    Found,
    collect,
)
from kushim_pipeline_tests.integration.collect.github.conftest import Start, others_unaffected

ORG = f"/orgs/{LOGIN}"
MEMBERS = f"{ORG}/members?per_page=100"
ALL_MEMBERS = f"*{LOGIN}/members?per_page=100"
MEMBERS_ANY_PAGE = "/*/members?*per_page=100*"
REPOSITORIES = f"{ORG}/repos?*"
IMPATIENT = Patience(tries=2)
SHORT = Limits(timeout=0.2, whole=5.0)


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (401, "Bad credentials", Reason.DENIED),
        (403, "Resource not accessible by personal access token", Reason.DENIED),
        (404, "Not Found", Reason.DENIED),
        (422, "Validation Failed", Reason.DENIED),
        (451, "Repository access blocked", Reason.DENIED),
        (400, "Problems parsing JSON", Reason.NOT_COLLECTED),
        (410, "Gone", Reason.NOT_COLLECTED),
        (500, "Server Error", Reason.NOT_COLLECTED),
        (502, "Server Error", Reason.NOT_COLLECTED),
        (503, "Unavailable", Reason.NOT_COLLECTED),
        (202, "Accepted", Reason.INCOMPLETE),
        (204, "", Reason.INCOMPLETE),
    ],
)
def test_a_status_on_one_endpoint(
    vendor: Start, root: Path, healthy: Found, status: int, message: str, reason: Reason
) -> None:
    server = vendor(Fault(MEMBERS, "status", status=status, message=message))
    found = collect(server.url, root)
    assert found.reasons("github.member") == {reason}
    assert found.outcome("github.member") in (Outcome.DENIED, Outcome.FAILED, Outcome.PARTIAL)
    assert found.records("github.member") == {}
    others_unaffected(found, healthy, ["github.member"])
    assert found.receipts["github.member"].pages[0].status == status  # the refusal is evidence too
    asked = [each for each in server.ledger if f"{each.path}?{each.query}" == MEMBERS]
    assert len(asked) == (3 if status >= 500 else 1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("where", ["http://elsewhere.example/orgs/acme/members", "/organizations/1/members"])
def test_redirects_are_not_followed(vendor: Start, root: Path, healthy: Found, status: int, where: str) -> None:
    moved = Fault(MEMBERS, "status", status=status, message="Moved Permanently", headers={"Location": where})
    server = vendor(moved)
    found = collect(server.url, root)
    assert found.outcome("github.member") is Outcome.FAILED
    assert "renamed" in (found.receipts["github.member"].error or "")
    assert not [asked for asked in server.ledger if asked.path == "/organizations/1/members"]
    others_unaffected(found, healthy, ["github.member"])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("html", Reason.INCOMPLETE),
        ("truncate", Reason.INCOMPLETE),
        ("break_off", Reason.INCOMPLETE),
        ("slow", Reason.INCOMPLETE),
        ("silent", Reason.NOT_COLLECTED),
        ("loop", Reason.INCOMPLETE),
        ("empty", Reason.INCOMPLETE),
    ],
)
def test_a_first_page_that_is_none(vendor: Start, root: Path, healthy: Found, kind: str, reason: Reason) -> None:
    server = vendor(Fault(MEMBERS, kind))  # type: ignore[arg-type]
    found = collect(server.url, root, patience=IMPATIENT, limits=SHORT)
    assert found.reasons("github.member") == {reason}
    assert found.outcome("github.member") is not Outcome.COMPLETE
    others_unaffected(found, healthy, ["github.member"])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("html", Reason.INCOMPLETE),
        ("truncate", Reason.INCOMPLETE),
        ("break_off", Reason.INCOMPLETE),
        ("silent", Reason.NOT_COLLECTED),
        ("loop", Reason.INCOMPLETE),
        ("repeat", Reason.INCOMPLETE),
        ("empty", Reason.INCOMPLETE),
    ],
)
def test_a_later_page_that_is_none_keeps_what_came_before(
    vendor: Start, root: Path, healthy: Found, kind: str, reason: Reason
) -> None:
    server = vendor(Fault("/organizations/*/members?page=2&per_page=100", kind))  # type: ignore[arg-type]
    found = collect(server.url, root, patience=IMPATIENT, limits=SHORT)
    assert found.outcome("github.member") is Outcome.PARTIAL
    assert found.reasons("github.member") == {reason}
    assert len(found.records("github.member")) >= PER_PAGE
    others_unaffected(found, healthy, ["github.member"])


def test_a_list_that_is_cut_contradicts_the_organisations_count(vendor: Start, root: Path) -> None:
    repositories = tuple(Repository(f"r{n:03}", archived=True) for n in range(230))
    described = Description((Organization(LOGIN, (User("a", owner=True),), (), repositories),), TOKENS)
    found = collect(
        vendor(Fault("*/repos?*", "cut_pages", pages=2), description=described).url, root, only=["github.repository"]
    )
    receipt = found.receipts["github.repository"]
    assert (receipt.outcome, receipt.records, receipt.declared_total) == (Outcome.PARTIAL, 200, 230)
    assert found.reasons("github.repository") == {Reason.INCOMPLETE}


def test_a_list_that_ends_before_the_pages_it_announced(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(
        vendor(Fault("/organizations/*/members?page=2&per_page=100", "headers", headers={"Link": ""})).url, root
    )
    assert found.outcome("github.member") is Outcome.PARTIAL
    assert "announced 3 pages" in (found.receipts["github.member"].error or "")
    others_unaffected(found, healthy, ["github.member"])


def test_a_full_page_whose_links_were_lost_is_not_the_end(vendor: Start, root: Path, healthy: Found) -> None:
    """A proxy that drops Link headers would otherwise make a hundred of many."""
    found = collect(vendor(Fault(MEMBERS_ANY_PAGE, "headers", headers={"Link": ""})).url, root)
    assert found.contents() == healthy.contents()
    assert len(found.records("github.member")) == 230


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/organizations/1/members?page=2",
        "https://api.github.com/organizations/1/members?page=2",
        "http://someone@{host}/organizations/1/members?page=2",
        "http://[::1/members",
    ],
)
def test_a_next_page_on_another_host_is_not_asked_for(vendor: Start, root: Path, healthy: Found, link: str) -> None:
    server = vendor(Fault(MEMBERS, "headers", headers={"Link": f'<{link}>; rel="next"'}))
    found = collect(server.url, root)
    assert found.outcome("github.member") is Outcome.PARTIAL
    assert "leaves the base URL" in (found.receipts["github.member"].error or "")
    assert len([asked for asked in server.ledger if "/organizations/" in asked.path and not asked.caller]) == 0
    others_unaffected(found, healthy, ["github.member"])


def test_a_page_that_is_larger_than_the_cap(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, limits=Limits(max_bytes=20_000), only=["github.member", "github.organization"])
    assert found.outcome("github.organization") is Outcome.COMPLETE
    assert found.reasons("github.member") == {Reason.INCOMPLETE}
    assert "larger" in (found.receipts["github.member"].error or "")


def test_an_answer_must_be_whole_within_its_time(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, limits=Limits(whole=0.0), only=["github.organization"], patience=IMPATIENT)
    assert found.reasons("github.organization") == {Reason.INCOMPLETE}


def _page(*elements: str) -> bytes:
    return (
        "[" + ",".join([json.dumps(shapes.user("first")), *elements, json.dumps(shapes.user("last"))]) + "]"
    ).encode()


@pytest.mark.parametrize(
    "poison",
    [
        '{"login": "poison", "site_admin": true, "site_admin": false}',
        '{"login": "poison", "id": NaN}',
        '{"login": "poison", "name": "\\u0000"}',
        '{"login": "poison", "name": "\\ud800"}',
        '{"login": "poison", "deep": ' + "[" * 100 + "]" * 100 + "}",
        '{"login": "poison", "id": 1e131071}',
    ],
)
def test_a_poisonous_record_is_quarantined_and_its_page_is_not(vendor: Start, root: Path, poison: str) -> None:
    server = vendor(Fault(MEMBERS, "body", body=_page(poison), headers={}))
    found = collect(server.url, root, only=["github.member"])
    assert set(found.records("github.member")) == {"first", "last"}
    assert found.unread("github.member")["poison"] is Reason.QUARANTINED
    assert found.outcome("github.member") is Outcome.PARTIAL


@pytest.mark.parametrize(
    "nameless",
    [
        '{"id": 7}',
        '{"login": 7}',
        '{"login": ""}',
        "null",
        '"text"',
        "[" * 200_000 + "]" * 200_000,
        '{"login": "a\\u0007"}',
    ],
)
def test_a_record_without_a_name_makes_the_list_incomplete(vendor: Start, root: Path, nameless: str) -> None:
    server = vendor(Fault(MEMBERS, "body", body=_page(nameless)))
    found = collect(server.url, root, only=["github.member"])
    assert set(found.records("github.member")) == {"first", "last"}
    assert found.unread("github.member")[None] is Reason.QUARANTINED


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b'"a"', b"7", b'{"message": "ok"}', b"\xff\xfe", b"[" * 1_000_000]
)
def test_a_body_that_is_no_list(vendor: Start, root: Path, body: bytes) -> None:
    found = collect(vendor(Fault(MEMBERS, "body", body=body)).url, root, only=["github.member"])
    assert found.reasons("github.member") == {Reason.INCOMPLETE}


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"login": "other"}', b'{"login": "acme", "login": "acme"}'])
def test_a_body_that_is_not_this_organisation(vendor: Start, root: Path, body: bytes) -> None:
    found = collect(vendor(Fault(ORG, "body", body=body)).url, root, only=["github.organization", "github.repository"])
    assert found.outcome("github.organization") is not Outcome.COMPLETE
    assert found.records("github.organization") == {}
    assert found.outcome("github.repository") is Outcome.PARTIAL  # its total is not known


def test_without_the_repository_list_no_branch_is_judged(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(Fault(REPOSITORIES, "status", status=404, message="Not Found")).url, root)
    for stream in ("github.repository", *PER_REPOSITORY):
        assert found.outcome(stream) is Outcome.DENIED, stream
    others_unaffected(found, healthy, ["github.repository", *PER_REPOSITORY])


def test_without_the_organisation_nothing_that_it_proves_is_proven(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(Fault(ORG, "status", status=403, message="Forbidden")).url, root)
    assert found.outcome("github.organization") is Outcome.DENIED
    assert found.reasons("github.repository") == {Reason.DENIED}
    others_unaffected(found, healthy, ["github.organization", "github.repository"])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("", "status", status=404, message="Not Found"), Reason.DENIED),
        (Fault("", "status", status=404, message="Branch not protected."), Reason.DENIED),
        (Fault("", "status", status=404, message="Branch not found"), Reason.INCOMPLETE),
        (Fault("", "status", status=403, message="Upgrade to GitHub Pro"), Reason.DENIED),
        (Fault("", "status", status=500), Reason.NOT_COLLECTED),
        (Fault("", "html"), Reason.INCOMPLETE),
        (Fault("", "truncate"), Reason.INCOMPLETE),
        (Fault("", "body", body=b'{"url": "a", "url": "b"}'), Reason.QUARANTINED),
        (Fault("", "body", body=b"[]"), Reason.INCOMPLETE),
        (Fault("", "status", status=200, message="Branch not protected"), None),
    ],
)
def test_one_repository_that_cannot_be_read_leaves_the_others(
    vendor: Start, root: Path, healthy: Found, fault: Fault, reason: Reason | None
) -> None:
    where = f"/repos/{LOGIN}/plain-001/branches/main/protection"
    found = collect(
        vendor(Fault(where, fault.kind, status=fault.status, message=fault.message, body=fault.body)).url, root
    )
    name = f"{LOGIN}/plain-001"
    unread = found.unread("github.branch_protection")
    if reason is None:  # a 200 never says that there is no protection
        assert found.records("github.branch_protection")[name].get("absent") is None
    else:
        assert unread.pop(name) is reason
        assert name not in found.records("github.branch_protection")
        assert unread == healthy.unread("github.branch_protection")
        rest = {key: body for key, body in healthy.records("github.branch_protection").items() if key != name}
        assert found.records("github.branch_protection") == rest
    others_unaffected(found, healthy, ["github.branch_protection"])


def test_an_unread_ruleset_is_unknown_for_the_repositories_it_applies_to(vendor: Start, root: Path) -> None:
    found = collect(vendor(Fault("*/rulesets/9002", "status", status=404, message="Not Found")).url, root)
    assert found.unread("github.ruleset") == dict.fromkeys([f"{LOGIN}/ruled", f"{LOGIN}/bare"], Reason.DENIED)
    assert f"{LOGIN}#9001" in found.records("github.ruleset")


def test_unread_rules_leave_their_repositorys_rulesets_unknown(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(Fault(f"/repos/{LOGIN}/ruled/rules/*", "html")).url, root)
    name = f"{LOGIN}/ruled"
    assert found.unread("github.branch_rule") == {name: Reason.INCOMPLETE}
    assert found.unread("github.ruleset") == {name: Reason.INCOMPLETE}
    others_unaffected(found, healthy, ["github.branch_rule", "github.ruleset"])


@pytest.mark.parametrize("missing", ["ruleset_id", "ruleset_source", "ruleset_source_type"])
def test_a_rule_that_names_no_ruleset_is_quarantined(vendor: Start, root: Path, missing: str) -> None:
    rule = {"type": "deletion", "ruleset_id": 71, "ruleset_source": "acme/ruled", "ruleset_source_type": "Repository"}
    body = json.dumps([{key: value for key, value in rule.items() if key != missing}]).encode()
    found = collect(vendor(Fault(f"/repos/{LOGIN}/ruled/rules/*", "body", body=body)).url, root)
    assert found.unread("github.ruleset") == {f"{LOGIN}/ruled": Reason.QUARANTINED}


def test_no_ruleset_is_claimed_absent_while_rules_are_unread(vendor: Start, root: Path) -> None:
    described = Description(
        (Organization(LOGIN, (User("a", owner=True),), (), (Repository("one"), Repository("two"))),), TOKENS
    )
    found = collect(vendor(Fault("*/one/rules/*", "html"), description=described).url, root, only=["github.ruleset"])
    assert found.receipts["github.ruleset"].empty_proven_by is None
    assert found.unread("github.ruleset") == {f"{LOGIN}/one": Reason.INCOMPLETE}
    whole = collect(vendor(description=described).url, root / "whole", only=["github.ruleset"])
    assert whole.receipts["github.ruleset"].empty_proven_by
    assert whole.outcome("github.ruleset") is Outcome.COMPLETE


def test_a_dead_endpoint_is_not_asked_for_every_repository(vendor: Start, root: Path, healthy: Found) -> None:
    repositories = tuple(Repository(f"r{n}") for n in range(60))
    described = Description((Organization(LOGIN, (User("a", owner=True),), (), repositories),), TOKENS)
    server = vendor(Fault("*/protection", "status", status=503), description=described)
    found = collect(server.url, root)
    assert set(found.unread("github.branch_protection").values()) == {Reason.NOT_COLLECTED}
    assert len(found.unread("github.branch_protection")) == 60
    assert len([asked for asked in server.ledger if asked.path.endswith("/protection")]) <= 3 * (5 + 6)
    assert found.outcome("github.branch_rule") is Outcome.COMPLETE


def test_nobody_listens(root: Path, vendor: Start) -> None:
    server = vendor()
    server.stop()
    found = collect(server.url, root, patience=IMPATIENT)
    assert {receipt.outcome for receipt in found.receipts.values()} == {Outcome.FAILED}


def _people(*logins: str) -> bytes:
    return json.dumps([shapes.user(login) for login in logins], indent=1).encode()


def test_a_list_that_moves_while_it_is_read(vendor: Start, root: Path) -> None:
    second = Fault("/organizations/*/members?page=2&per_page=100", "body", body=_people("person-000", "newcomer"))
    found = collect(vendor(second).url, root, only=["github.member"])
    assert found.reasons("github.member") == {Reason.INCOMPLETE}
    assert "newcomer" in found.records("github.member")


def test_pages_that_bring_nothing_new_have_an_end(vendor: Start, root: Path) -> None:
    """Other bytes, other addresses, the same people: for ever, if nobody looked at the names."""
    server = vendor(
        Fault(
            MEMBERS, "body", body=_people("a", "b"), headers={"Link": '<{url}/orgs/acme/members?page=2>; rel="next"'}
        ),
        Fault(
            "*page=2*", "body", body=_people("b", "a"), headers={"Link": '<{url}/orgs/acme/members?page=3>; rel="next"'}
        ),
    )
    found = collect(server.url, root, only=["github.member"])
    assert found.reasons("github.member") == {Reason.INCOMPLETE}
    assert set(found.records("github.member")) == {"a", "b"}
    assert len(server.ledger) == 2


def test_a_list_without_end(vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kushim_pipeline.collect.http.listing.MAX_PAGES", 2)
    found = collect(vendor().url, root, only=["github.member"])
    assert found.outcome("github.member") is Outcome.PARTIAL
    assert "does not end" in (found.receipts["github.member"].error or "")


def test_an_empty_list_that_the_organisation_cannot_prove(vendor: Start, root: Path) -> None:
    described = Description((Organization(LOGIN, (User("a", owner=True),)),), TOKENS)
    found = collect(vendor(Fault(ORG, "status", status=500), description=described).url, root)
    for stream in ("github.member_without_2fa", "github.outside_collaborator", *PER_REPOSITORY):
        assert found.outcome(stream) is Outcome.FAILED, stream


def test_a_token_that_single_sign_on_keeps_out_is_told_what_to_do(vendor: Start, root: Path) -> None:
    message = "Resource protected by organization SAML enforcement."
    fault = Fault(ORG, "status", status=403, message=message, headers={"X-GitHub-SSO": "required; url=https://x/"})
    found = collect(vendor(fault).url, root, only=["github.organization"])
    assert found.outcome("github.organization") is Outcome.DENIED
    assert "single sign-on" in (found.receipts["github.organization"].error or "")


def _repositories(**changed: object) -> bytes:
    kept = {"full_name": f"{LOGIN}/plain-000", "archived": False, "default_branch": "main"}
    other = {key: value for key, value in {**kept, **changed}.items() if value is not None}
    return json.dumps([{**kept, "full_name": f"{LOGIN}/bare"}, other]).encode()


@pytest.mark.parametrize("branch", [None, 7, "", []])
def test_a_repository_that_names_no_default_branch(vendor: Start, root: Path, branch: object) -> None:
    found = collect(vendor(Fault(REPOSITORIES, "body", body=_repositories(default_branch=branch))).url, root)
    name = f"{LOGIN}/plain-000"
    for stream in PER_REPOSITORY:
        # Nor are these two all that the organisation counts.
        assert found.unread(stream) == {name: Reason.INCOMPLETE, None: Reason.INCOMPLETE}, stream


@pytest.mark.parametrize("name", [None, "plain", "acme/../x", "acme/..", "acme/a/b", "/", "acme/", 7])
def test_a_repository_without_a_proper_name_is_never_asked_for(vendor: Start, root: Path, name: object) -> None:
    server = vendor(Fault(REPOSITORIES, "body", body=_repositories(full_name=name)))
    found = collect(server.url, root)
    assert found.unread("github.repository")[None] in (Reason.QUARANTINED, Reason.INCOMPLETE)
    for stream in PER_REPOSITORY:
        assert found.unread(stream) == {None: Reason.QUARANTINED}
    assert {asked.path.split("/")[3] for asked in server.ledger if asked.path.startswith("/repos/")} == {"bare"}


def test_a_poisonous_repository_is_quarantined_in_every_stream_that_needs_it(vendor: Start, root: Path) -> None:
    body = _repositories().replace(b'"archived": false', b'"archived": true, "archived": false')
    found = collect(vendor(Fault(REPOSITORIES, "body", body=body)).url, root)
    for stream in PER_REPOSITORY:
        assert found.unread(stream)[f"{LOGIN}/plain-000"] is Reason.QUARANTINED, stream


def test_another_ruleset_than_was_asked_for(vendor: Start, root: Path) -> None:
    found = collect(vendor(Fault("*/rulesets/71", "body", body=b'{"id": 72}')).url, root)
    assert found.unread("github.ruleset") == {f"{LOGIN}/ruled": Reason.INCOMPLETE}


@pytest.mark.parametrize("module", ["branch", "ruleset"])
def test_a_fault_of_ours_in_one_place_is_unknown_there(
    vendor: Start, root: Path, healthy: Found, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(f"kushim_pipeline.collect.github.{module}.object_of", broken)
    found = collect(vendor().url, root)
    stream = {"branch": "github.branch_protection", "ruleset": "github.ruleset"}[module]
    assert Reason.NOT_COLLECTED in found.reasons(stream)
    assert found.outcome(stream) is Outcome.PARTIAL
    others_unaffected(found, healthy, [stream])


def test_an_empty_page_that_leads_to_itself(vendor: Start, root: Path) -> None:
    itself = {"Link": '<{url}/orgs/acme/members?per_page=100>; rel="next"'}
    server = vendor(Fault(MEMBERS, "body", body=b"[]", headers=itself))
    found = collect(server.url, root, only=["github.member"])
    assert found.reasons("github.member") == {Reason.INCOMPLETE}
    assert len(server.ledger) == 1
