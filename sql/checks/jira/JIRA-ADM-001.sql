/*
id: JIRA-ADM-001
title: Jira administrators are on the approved list
severity: medium
resource_type: jira.user
population: jira_administrator
applies_to: is_active IS DISTINCT FROM FALSE
streams: [jira.group_member, jira.project_role, jira.user]
freshness_hours: 192
policy: [approved_jira_administrators]
unknown_when: >-
  The groups that make administrators, the roles that administer projects, or the people were denied, are not whole or are
  too old; or no list of approved administrators is given.
criteria:
  soc2: [CC6.3]
  iso27001: [A.8.2]
  nist_csf: [PR.AA-05]
  pci_dss: ["7.2.2"]
remediation: >-
  Take the account out of the administrators' groups and roles, or add its id or address (of a group its name) to
  approved_jira_administrators after approval.
*/
SELECT
    a.tenant_id,
    a.resource_id,
    CASE
        WHEN NOT json_is_filled(p.approved_jira_administrators) THEN 'UNKNOWN'
        WHEN json_holds(p.approved_jira_administrators, a.resource_id)
            OR json_holds(p.approved_jira_administrators, COALESCE(a.email, '')) THEN 'PASS'
        WHEN json_is_filled(p.approved_jira_administrators) THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT json_is_filled(p.approved_jira_administrators) THEN 'not_collected'
        WHEN json_holds(p.approved_jira_administrators, a.resource_id)
            OR json_holds(p.approved_jira_administrators, COALESCE(a.email, '')) THEN 'on the approved list'
        WHEN json_is_filled(p.approved_jira_administrators) AND a.is_group
            THEN 'a group administers ' || a.projects || ' projects and is not on the approved list'
        WHEN json_is_filled(p.approved_jira_administrators) THEN 'an administrator who is not on the approved list'
        ELSE 'not_collected'
    END AS reason
FROM facts.jira_administrator AS a
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
