/*
id: GH-ACT-001
title: Workflow tokens default to read-only and third-party actions are restricted or pinned
severity: medium
resource_type: github.repository
population: github_actions
applies_to: NOT is_archived AND NOT is_out_of_scope
streams: [github.repository, github.actions_permission, github.organization_actions, github.repository_settings]
freshness_hours: 36
policy: [github_repositories_in_scope, github_repositories_out_of_scope, github_trusted_action_owners]
unknown_when: >-
  The permissions for Actions were denied, or every action may run and a file of a workflow could not be read: GitHub does
  not show it whole, or it is no workflow that can be parsed; or nothing proves which files there are.
criteria:
  soc2: [CC6.8, CC8.1]
  iso27001: [A.5.21, A.8.28]
  nist_csf: [PR.PS-05, PR.PS-06]
remediation: >-
  Under the organisation's settings, Actions, General: set the workflow permissions to read, and allow selected actions
  only, or demand that actions are pinned. Otherwise name each action of others by the whole id of a commit.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT is_enabled THEN 'PASS'
        WHEN default_permission = 'write' THEN 'FAIL'
        WHEN is_enabled AND NOT is_restricted AND NOT demands_pins AND unpinned > 0 THEN 'FAIL'
        WHEN is_enabled AND default_permission = 'read' AND (is_restricted OR demands_pins) THEN 'PASS'
        WHEN is_enabled AND default_permission = 'read' AND shows_files AND unread_files = 0 AND unpinned = 0 THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT is_enabled THEN 'no workflow may run'
        WHEN default_permission = 'write' THEN 'the token of a workflow may write unless it says otherwise'
        WHEN is_enabled AND NOT is_restricted AND NOT demands_pins AND unpinned > 0
            THEN 'actions of others that are not pinned: ' || unpinned || ', ' || example || ' among them'
        WHEN is_enabled AND default_permission = 'read' AND is_restricted
            THEN 'tokens read by default, and only some actions may run'
        WHEN is_enabled AND default_permission = 'read' AND demands_pins
            THEN 'tokens read by default, and GitHub demands that actions are pinned'
        WHEN is_enabled AND default_permission = 'read' AND shows_files AND unread_files = 0 AND unpinned = 0
            THEN 'tokens read by default, and no action of others is used without being pinned'
        WHEN is_enabled AND default_permission = 'read' AND unread_files > 0 THEN 'quarantined'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_actions
