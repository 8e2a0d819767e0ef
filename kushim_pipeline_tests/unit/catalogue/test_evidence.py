"""What a check reads is what its header names: every stream behind the columns that its statement uses.

The lint asks for the streams that prove a table's rows. A table may have columns of other streams besides; a check that
uses one names its stream, or sees by a column of the table what of it was not read.
"""

import pytest

from kushim_pipeline.catalogue.model import Catalogue, Check, FactTable
from kushim_pipeline.catalogue.sql_rules import tables, words
from kushim_pipeline_tests.fixtures import catalogue

CATALOGUE = catalogue()
_USE = "used_by may_be_used_unseen"
_RULES = "rules_gap rules_read_at"
# Table -> stream -> the columns that are made of it, by hand. A stream that does not stand here is behind all columns.
COLUMNS = {
    "aws_account": {"aws.organization": "root_credentials_managed_centrally"},
    "aws_backup_target": {
        "aws.backup_protected_resource": "is_protected last_backup_at",
        "aws.backup_restore_job": "restored_at",
    },
    "aws_cloudtrail_trail": {
        "aws.cloudtrail_trail_status": "is_logging delivery_error status_read",
        "aws.cloudtrail_event_selectors": "selects_reads selects_writes selectors_read",
    },
    "aws_kms_key": {
        "aws.kms_key_rotation": "is_rotating rotation_read",
        "aws.kms_key_policy": "has_policy policy_read",
        "aws.ec2_volume": _USE,
        "aws.rds_instance": _USE,
        "aws.rds_cluster": _USE,
        "aws.cloudtrail_trail": _USE,
        "aws.logs_log_group": _USE,
        "aws.s3_bucket": _USE,
        "aws.s3_bucket_encryption": _USE,
    },
    # not_understood names its streams one by one.
    "aws_s3_bucket": {
        "aws.s3_bucket_policy": "has_policy",
        "aws.s3_bucket_policy_status": "is_policy_public",
        "aws.s3_bucket_acl": "is_acl_public",
        "aws.s3_bucket_encryption": "encryption_algorithm kms_key_id",
        "aws.s3_bucket_public_access_block": "ignore_public_acls restrict_public_buckets",
        "aws.s3_bucket_versioning": "versioning",
        "aws.s3_bucket_object_lock": "has_object_lock has_default_retention",
        "aws.s3_bucket_tagging": "environment class needs_kms",
        "aws.cloudtrail_trail": "is_trail_bucket",
    },
    "github_branch": {"github.ruleset": "ruleset_exempts ruleset_bypass_hidden"},
    "github_branch_history": {
        "github.commit": "commits_gap commits_read_at unlisted unmatched",
        "github.repository": "unlisted unmatched",
        "github.branch_protection": _RULES,
        "github.branch_rule": _RULES,
    },
    "github_member": {"github.member_without_2fa": "without_2fa"},
    "github_saml_identity": {"github.organization": "plan"},
    "okta_policy": {"okta.policy_rule": "idle_minutes lifetime_minutes rules"},
    "okta_user_factor": {"okta.admin_role": "is_admin"},
}
# Check -> stream that it uses and its header does not name -> the column by which it sees what was not read of it.
SEEN_BY = {
    # Use matters for keys that are pending deletion alone.
    "AWS-KMS-002": dict.fromkeys(COLUMNS["aws_kms_key"].keys() - {"aws.kms_key_rotation"}, "may_be_used_unseen"),
    # It stands in the reason of a PASS, and is NULL where it was not told: no verdict rests on it.
    "AWS-IAM-001": {"aws.organization": "root_credentials_managed_centrally"},
    # Only the management account lists accounts: members are denied, and take the list from it.
    "AWS-IAM-010": {"aws.organization_account": "list_read_at"},
    "AWS-ORG-001": {"aws.organization_account": "list_read_at"},
    # An account that is listed nowhere has no environment, and its verdict is UNKNOWN; so is one of an old list.
    "AWS-ENV-001": {"aws.organization_account": "is_fresh"},
    # A repository that cannot be read blocks its own changes alone; with an unknown default branch they are judged.
    "GH-CHG-001": {"github.commit": "commits_gap", "github.repository": "is_judged"},
    "GH-CHG-002": {"github.audit_event": "gap", "github.pull_request": "is_whole", "github.repository": "is_judged"},
    "GH-CHG-003": {
        "github.branch_protection": "rules_gap",
        "github.branch_rule": "rules_gap",
        "github.repository": "is_judged",
    },
    # On plans below Enterprise there is no such list.
    "SLK-ACC-002": {"slack.external_team": "are_all_known", "slack.team": "are_all_known"},
    "SLK-APP-001": {"slack.app": "is_register_given"},
}
# Of these the words for UNKNOWN tell the reader which stream it is.
TOLD = {"github.commit", "github.audit_event", "github.branch_protection", "github.branch_rule"}


def used(loaded: Catalogue, check: Check) -> set[str]:
    """The streams behind the columns that a check's statement uses, through all tables that it reads."""
    used_words = words(check.sql) | words(check.applies_to or "")
    found: set[str] = set()
    for table in read_by(loaded, check.sql):
        columns = COLUMNS.get(table.table, {})
        found |= {
            stream for stream in table.streams if stream not in columns or used_words & set(columns[stream].split())
        }
    return found


def read_by(loaded: Catalogue, sql: str) -> list[FactTable]:
    """The fact tables of a statement."""
    names = {name for schema, name in tables(sql) if schema == "facts"}
    return [loaded.facts[name] for name in sorted(names) if name in loaded.facts]


@pytest.mark.parametrize("check", CATALOGUE.checks.values(), ids=lambda check: check.id)
def test_a_header_names_what_its_statement_uses(check: Check) -> None:
    assert used(CATALOGUE, check) - {*check.streams} == SEEN_BY.get(check.id, {}).keys() - {*check.streams}


def test_what_is_not_named_is_seen_and_told() -> None:
    for check_id, streams in SEEN_BY.items():
        check = CATALOGUE.checks[check_id]
        for stream, column in streams.items():
            assert column in words(check.sql) | words(check.applies_to or ""), f"{check_id}: {stream}"
            assert stream not in TOLD or stream in check.unknown_when, f"{check_id}: {stream}"


def test_the_columns_are_those_of_the_tables() -> None:
    for name, streams in COLUMNS.items():
        table = CATALOGUE.facts[name]
        assert streams.keys() <= {*table.streams} - {*table.population_streams}
        assert {column for columns in streams.values() for column in columns.split()} <= words(table.sql)


def test_tables_read_no_other_table() -> None:
    """So that what a check reads ends at its own tables."""
    assert [table.table for table in CATALOGUE.facts.values() if read_by(CATALOGUE, table.sql)] == []


def test_a_stream_that_is_used_and_not_named_is_noticed() -> None:
    check = CATALOGUE.checks["GH-REPO-003"]
    assert "github.ruleset" in check.streams
    assert "github.ruleset" in used(CATALOGUE, check)
    assert "github.ruleset" not in used(CATALOGUE, CATALOGUE.checks["GH-REPO-001"])
