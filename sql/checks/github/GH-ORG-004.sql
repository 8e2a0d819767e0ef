/*
id: GH-ORG-004
title: Organisation owners are few and on the approved list
severity: high
resource_type: github.user
population: github_member
applies_to: is_owner
streams: [github.member, github.owner]
freshness_hours: 36
policy: [github_max_owners, github_approved_owners]
unknown_when: The list of members or of owners was denied or is not whole.
criteria:
  soc2: [CC6.3]
  iso27001: [A.8.2]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(4)(ii)(C)"]
  pci_dss: ["7.2.2"]
remediation: >-
  Make the person a member instead of an owner, or add the login to github_approved_owners after approval; keep the
  number of owners within github_max_owners.
*/
WITH owners AS (
    SELECT tenant_id, connection_id, count(*) AS number
    FROM facts.github_member
    WHERE is_owner
    GROUP BY tenant_id, connection_id
),

judged AS (
    SELECT
        m.tenant_id,
        m.resource_id,
        n.number,
        p.github_max_owners AS number_allowed,
        json_is_filled(p.github_approved_owners) AS is_listed,
        EXISTS (
            SELECT 1
            FROM json_items(p.github_approved_owners) AS a(item)
            WHERE lower(json_text(a.item)) = lower(m.resource_id)
        ) AS is_approved
    FROM facts.github_member AS m
    JOIN owners AS n ON n.tenant_id = m.tenant_id AND n.connection_id = m.connection_id
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = m.tenant_id
    WHERE m.is_owner
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN is_listed AND NOT is_approved THEN 'FAIL'
        WHEN number > number_allowed THEN 'FAIL'
        WHEN number_allowed IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN is_listed AND NOT is_approved THEN 'an owner who is not on the approved list'
        WHEN number > number_allowed
            THEN 'the organisation has ' || number || ' owners, at most ' || number_allowed || ' are allowed'
        WHEN number_allowed IS NULL THEN 'incomplete'
        WHEN is_listed THEN 'on the approved list, and owners are few'
        ELSE 'owners are few; no list of approved owners is given'
    END AS reason
FROM judged
