"""Which checks are blind without a stream: by hand, so that headers and verdicts can be held against it."""

from collections.abc import Mapping

# Stream -> the checks that need it. By hand: what the headers say is held against this, and so are the verdicts.
NEEDED_BY: Mapping[str, str] = {
    "github.organization": "GH-ORG-000 GH-ORG-001 GH-ORG-003 GH-ORG-005",
    "github.repository": (
        "GH-ACT-001 GH-ORG-000 GH-REPO-001 GH-REPO-002 GH-REPO-003 GH-REPO-004 GH-REPO-005 GH-REPO-006 GH-SEC-001 "
        "GH-SEC-002 GH-VUL-003"
    ),
    "github.member": "GH-ORG-002 GH-ORG-003 GH-ORG-004 GH-ORG-006",
    "github.owner": "GH-ORG-003 GH-ORG-004 GH-ORG-006",
    "github.member_without_2fa": "GH-ORG-002",
    "github.outside_collaborator": "GH-ORG-002 GH-ORG-007",
    "github.outside_collaborator_without_2fa": "GH-ORG-002",
    "github.saml_identity": "GH-ORG-003 GH-ORG-006",
    "github.branch_protection": "GH-REPO-001 GH-REPO-002 GH-REPO-003 GH-REPO-004 GH-REPO-005",
    "github.branch_rule": "GH-REPO-001 GH-REPO-002 GH-REPO-003 GH-REPO-004 GH-REPO-005",
    "github.ruleset": "GH-REPO-003",
    "github.pull_request": "GH-CHG-001 GH-CHG-003 GH-CHG-004",
    "github.commit": "GH-CHG-002",
    "github.repository_settings": "GH-ACT-001 GH-VUL-001 GH-VUL-002",
    "github.actions_permission": "GH-ACT-001",
    "github.organization_actions": "GH-ACT-001",
    "github.code_scanning_analysis": "GH-VUL-003",
    "github.secret_scanning_alert": "GH-SEC-002",
    "github.dependabot_alert": "GH-VUL-002",
    "github.audit_event": "",
    "github.team": "",
    "github.team_member": "",
    "okta.user": (
        "OKTA-ADM-001 OKTA-ADM-002 OKTA-LIF-001 OKTA-LIF-002 OKTA-MFA-002 OKTA-MFA-003 OKTA-USR-000 "
        "GH-ORG-006 SLK-ACC-001"
    ),
    "okta.user_factor": "OKTA-MFA-002 OKTA-MFA-003",
    "okta.app": "OKTA-MFA-001 OKTA-MFA-003 OKTA-SSO-001",
    "okta.app_user": "",
    "okta.app_group": "",
    "okta.policy": "OKTA-MFA-001 OKTA-MFA-003 OKTA-PWD-001 OKTA-PWD-002 OKTA-SES-001",
    "okta.policy_rule": "OKTA-MFA-001 OKTA-MFA-003 OKTA-SES-001",
    "okta.admin_role": "OKTA-ADM-001 OKTA-ADM-002 OKTA-MFA-003",
    "okta.api_token": "OKTA-ADM-002",
    "okta.authenticator": "OKTA-MFA-004",
    "okta.event": "OKTA-EVT-001 OKTA-LIF-001 OKTA-LIF-003 OKTA-LOG-001 OKTA-USR-000",
    "okta.organization": "",
    "okta.group": "",
    "okta.network_zone": "",
    "jira.site": "JIRA-POP-000",
    "jira.project": "JIRA-POP-000",
    "jira.issue": (
        "JIRA-ACC-001 JIRA-CHG-001 JIRA-CHG-002 JIRA-INC-001 JIRA-POP-000 JIRA-RSK-001 JIRA-VUL-001 "
        "GH-CHG-004 OKTA-EVT-001 OKTA-LIF-003"
    ),
    "jira.issue_changelog": (
        "JIRA-ACC-001 JIRA-CHG-001 JIRA-CHG-002 JIRA-INC-001 JIRA-POP-000 JIRA-RSK-001 JIRA-VUL-001 "
        "OKTA-EVT-001 OKTA-LIF-003"
    ),
    "jira.user": "JIRA-ADM-001",
    "jira.group_member": "JIRA-ADM-001",
    "jira.project_role": "JIRA-ADM-001",
    "jira.audit_record": "JIRA-POP-000",
    "jira.workflow": "",
    "jira.group": "",
    "slack.team": "SLK-MFA-001",
    "slack.user": "SLK-ACC-001 SLK-ACC-002 SLK-COM-001 SLK-MFA-001 SLK-USR-000 SLK-ADM-001",
    "slack.billable_user": "SLK-USR-000",
    "slack.channel": "SLK-ACC-002",
    "slack.channel_member": "SLK-COM-001",
    "slack.integration_log": "SLK-APP-001",
    "slack.access_log": "",
    "slack.app": "",
    "slack.external_team": "",
    "slack.audit_event": "",
    "file.person": "OKTA-LIF-001",
}
# Checks that are left to their headers, since the company shows them nothing: they judge reviews, and its drop folder
# holds the list of people alone.
BY_HEADER = {"GH-ACC-001", "OKTA-REV-001"}
# Check -> the check that it stands on: where that one is UNKNOWN, it is too, with `depends_on_unknown`.
STANDS_ON = {
    "GH-REPO-006": "GH-ORG-000",
    "OKTA-LIF-002": "OKTA-USR-000",
    "OKTA-EVT-001": "OKTA-LOG-001",
    "JIRA-INC-001": "JIRA-POP-000",
    "JIRA-VUL-001": "JIRA-POP-000",
    "SLK-ADM-001": "SLK-USR-000",
}
# Stream -> the checks that look at it by themselves: no header names it, since one repository of it that is not known
# concerns that repository's changes alone. Without all of it they say the same UNKNOWN by their own word.
LOOKED_UP_BY = {
    "github.branch_protection": "GH-CHG-003",
    "github.branch_rule": "GH-CHG-003",
    "github.commit": "GH-CHG-001",
}
