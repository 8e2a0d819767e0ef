"""What a token that sees everything reads, and what tokens that see less may not claim."""

from collections import Counter
from pathlib import Path

from kushim_pipeline.collect.github.streams import STREAMS
from kushim_pipeline.collect.run import Stores, collect_source
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import Broken, verify
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, User
from kushim_pipeline.tenants.config import GithubConnection, TenantConfig
from kushim_pipeline_tests.integration.collect.github.company import (
    ACME,
    BASIC,
    LOGIN,
    MEMBER,
    OUTSIDER,
    OWNER,
    PARTLY,
    PER_REPOSITORY,
    TOKENS,
    Found,
    collect,
)
from kushim_pipeline_tests.integration.collect.github.conftest import Start

NAMES = {f"{LOGIN}/{repository.name}" for repository in ACME.repositories}


def test_an_owner_reads_everything(healthy: Found) -> None:
    for stream in BASIC:
        expected = Outcome.PARTIAL if stream == "github.branch_protection" else Outcome.COMPLETE
        assert healthy.outcome(stream) is expected, healthy.receipts[stream].errors


def test_lists_hold_everybody(healthy: Found) -> None:
    assert set(healthy.records("github.member")) == {person.login for person in ACME.members}
    assert set(healthy.records("github.owner")) == {"person-000", "person-001"}
    assert set(healthy.records("github.member_without_2fa")) == {
        person.login for person in ACME.members if not person.two_factor
    }
    assert set(healthy.records("github.outside_collaborator")) == {"visitor-1", "visitor-2"}
    assert set(healthy.records("github.outside_collaborator_without_2fa")) == {"visitor-2"}
    assert len(healthy.receipts["github.member"].pages) == 3


def test_repositories_are_reconciled_with_the_organisations_own_count(healthy: Found) -> None:
    receipt = healthy.receipts["github.repository"]
    assert set(healthy.records("github.repository")) == NAMES
    assert (receipt.declared_total, receipt.records) == (len(NAMES), len(NAMES))
    assert "total_private_repos" in (receipt.declared_by or "")


def test_the_organisation_is_its_raw_object(healthy: Found) -> None:
    (body,) = healthy.records("github.organization").values()
    assert (body["login"], body["two_factor_requirement_enabled"]) == (LOGIN, True)
    assert body["default_repository_permission"] == "read"


def test_protection_of_every_default_branch(healthy: Found) -> None:
    records = healthy.records("github.branch_protection")
    assert set(records) == NAMES - {f"{LOGIN}/empty"}
    assert records[f"{LOGIN}/plain-000"]["required_pull_request_reviews"]["required_approving_review_count"] == 1
    assert records[f"{LOGIN}/slashed"]["required_status_checks"]["contexts"] == ["build"]
    assert records[f"{LOGIN}/bare"] == {"absent": True, "code": "Branch not protected"}
    assert records[f"{LOGIN}/old"] == {"absent": True, "code": "archived"}
    assert healthy.unread("github.branch_protection") == {f"{LOGIN}/empty": Reason.INCOMPLETE}


def test_rules_come_from_the_repository_and_from_the_organisation(healthy: Found) -> None:
    records = healthy.records("github.branch_rule")
    assert set(records) == NAMES
    sources = Counter((rule["ruleset_source"], rule["type"]) for rule in records[f"{LOGIN}/ruled"]["rules"])
    assert sources == {
        (f"{LOGIN}/ruled", "deletion"): 1,
        (f"{LOGIN}/ruled", "pull_request"): 1,
        (LOGIN, "non_fast_forward"): 1,
        (LOGIN, "pull_request"): 1,
    }
    assert records[f"{LOGIN}/old"] == {"absent": True, "code": "archived"}


def test_each_ruleset_is_read_once_with_who_may_bypass_it(healthy: Found) -> None:
    records = healthy.records("github.ruleset")
    assert set(records) == {f"{LOGIN}/ruled#71", f"{LOGIN}#9001", f"{LOGIN}#9002"}
    assert records[f"{LOGIN}#9002"]["bypass_actors"][0]["actor_type"] == "OrganizationAdmin"
    assert records[f"{LOGIN}#9001"]["bypass_actors"] == []


def test_at_most_three_calls_a_repository_and_a_few_more(vendor: Start, root: Path) -> None:
    repositories = tuple(Repository(f"r{n}", rulesets=ACME.repositories[8].rulesets) for n in range(40))
    described = Description((Organization(LOGIN, ACME.members[:50], (), repositories),), TOKENS)
    server = vendor(description=described)
    found = collect(server.url, root)
    assert len(found.records("github.ruleset")) == 40
    assert len(server.ledger) <= 3 * 40 + 10
    assert not [asked for asked, times in Counter((a.path, a.query) for a in server.ledger).items() if times > 1]


def test_a_part_of_the_streams_reads_only_what_it_needs(vendor: Start, root: Path) -> None:
    server = vendor()
    found = collect(server.url, root, only=["github.organization"])
    assert found.outcome("github.organization") is Outcome.COMPLETE
    assert [asked.path for asked in server.ledger] == [f"/orgs/{LOGIN}"]


def test_github_enterprise_server_has_a_path_before_its_paths(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor(base_path="/api/v3")
    assert collect(server.url, root).contents() == healthy.contents()


def test_an_empty_organisation_is_proven_empty_for_an_owner(vendor: Start, root: Path) -> None:
    server = vendor(description=Description((Organization(LOGIN, (User("only", owner=True),)),), TOKENS))
    found = collect(server.url, root)
    for stream in BASIC:
        assert found.outcome(stream) is Outcome.COMPLETE, (stream, found.receipts[stream].errors)
    assert found.receipts["github.repository"].declared_total == 0
    assert "two_factor_requirement_enabled" in (found.receipts["github.member_without_2fa"].empty_proven_by or "")
    assert found.receipts["github.ruleset"].empty_proven_by


def test_an_empty_member_list_is_no_proof(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(Fault(f"/orgs/{LOGIN}/members?per_page=100", "empty")).url, root)
    assert found.reasons("github.member") == {Reason.INCOMPLETE}
    assert found.outcome("github.member") is not Outcome.COMPLETE


def test_a_member_proves_nothing_that_only_owners_see(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token=MEMBER)
    assert found.outcome("github.organization") is Outcome.COMPLETE
    assert found.outcome("github.member") is Outcome.COMPLETE
    assert found.reasons("github.repository") == {Reason.INCOMPLETE}
    assert found.outcome("github.member_without_2fa") is Outcome.DENIED
    assert found.outcome("github.outside_collaborator_without_2fa") is Outcome.DENIED
    assert found.reasons("github.outside_collaborator") == {Reason.INCOMPLETE}
    live = {name for name in NAMES if name != f"{LOGIN}/old"}
    assert found.unread("github.branch_protection") == dict.fromkeys(live, Reason.DENIED)
    assert found.outcome("github.branch_rule") is Outcome.COMPLETE
    rulesets = found.records("github.ruleset")
    assert len(rulesets) == 3 and not any("bypass_actors" in body for body in rulesets.values())


def test_a_stranger_reads_what_is_public_and_claims_no_more(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token=OUTSIDER)
    assert set(found.records("github.repository")) == {f"{LOGIN}/site"}
    for stream in ("github.repository", "github.member", "github.owner", "github.outside_collaborator"):
        assert found.outcome(stream) is not Outcome.COMPLETE, stream


def test_a_token_without_a_permission_is_denied_where_it_lacks_it(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor().url, root, token=PARTLY)
    assert set(found.unread("github.branch_protection").values()) == {Reason.DENIED}
    assert set(found.records("github.branch_protection")) == {f"{LOGIN}/old"}
    assert found.contents()["github.member"] == healthy.contents()["github.member"]


def test_streams_need_no_order_and_no_company(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor()
    for index, stream in enumerate(PER_REPOSITORY):
        found = collect(server.url, root / str(index), only=[stream])
        assert found.contents()[stream] == healthy.contents()[stream]


def test_through_the_shared_front_every_unit_has_a_receipt_that_verifies(vendor: Start, root: Path) -> None:
    connection = GithubConnection(source="github", org=LOGIN, token="env:T", base_url=vendor().url)  # type: ignore[arg-type]
    tenant = TenantConfig(tenant="acme", name="Acme", connections=(connection,))
    stores = Stores(FileStore(root), Ledger(root))
    receipts = collect_source(tenant, "github", stores, {"T": OWNER})
    assert [receipt.stream for receipt in receipts] == [spec.name for spec in STREAMS]
    assert not [each for each in verify(stores.evidence, stores.ledger, ["acme"]) if isinstance(each, Broken)]
