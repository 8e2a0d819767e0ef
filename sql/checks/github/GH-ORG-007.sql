/*
id: GH-ORG-007
title: Outside collaborators have an approved, unexpired reason
severity: medium
resource_type: github.user
population: github_outside_collaborator
streams: [github.outside_collaborator]
freshness_hours: 36
policy: [github_approved_outside_collaborators]
unknown_when: The list of outside collaborators was denied or is not whole.
criteria:
  soc2: [CC6.2, CC9.2]
  iso27001: [A.5.18, A.5.19]
  nist_csf: [PR.AA-05]
remediation: >-
  Remove the outside collaborator, or approve them in github_approved_outside_collaborators with the day on which the
  approval ends and the reason.
*/
WITH approval AS (
    SELECT
        m.tenant_id,
        m.resource_id,
        max(
            CASE
                WHEN length(trim(substr(trim(split_part(json_text(i.item), ' until ', 2)), 12))) > 0
                    THEN as_timestamp(substr(trim(split_part(json_text(i.item), ' until ', 2)), 1, 10) || 'T00:00:00Z')
            END
        ) + INTERVAL '1 day' AS approved_until
    FROM facts.github_outside_collaborator AS m
    JOIN facts.tenant_policy AS p ON p.tenant_id = m.tenant_id
    CROSS JOIN LATERAL json_items(p.github_approved_outside_collaborators) AS i(item)
    WHERE lower(trim(split_part(json_text(i.item), ' until ', 1))) = lower(m.resource_id)
    GROUP BY m.tenant_id, m.resource_id
)

SELECT
    m.tenant_id,
    m.resource_id,
    CASE WHEN a.approved_until > c.as_of THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN a.approved_until > c.as_of THEN 'approved'
        WHEN a.approved_until <= c.as_of THEN 'the approval has ended'
        WHEN a.resource_id IS NOT NULL THEN 'approved without a day on which it ends or without a reason'
        ELSE 'an outside collaborator without approval'
    END AS reason
FROM facts.github_outside_collaborator AS m
CROSS JOIN ops.clock AS c
LEFT JOIN approval AS a ON a.tenant_id = m.tenant_id AND a.resource_id = m.resource_id
