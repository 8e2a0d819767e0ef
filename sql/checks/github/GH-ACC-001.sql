/*
id: GH-ACC-001
title: Deploy keys, app installations and tokens with write access were reviewed in the interval
severity: medium
resource_type: github.credential
population: github_credential
applies_to: is_usable AND NOT is_out_of_scope AND can_write IS NOT FALSE
streams: [github.repository_settings, github.installation, github.pat_grant, file.credential_review]
freshness_hours: 192
policy:
  - github_repositories_in_scope
  - github_repositories_out_of_scope
  - credential_review_days
  - credential_first_review_days
  - review_keep_decisions
  - review_revoke_decisions
  - review_revocation_days
unknown_when: >-
  GitHub does not show which tokens were granted access, as it does to GitHub Apps alone, or the deploy keys of a
  repository, as it does to its administrators alone; there is no list of reviews, or it is not whole or too old; or the
  decision's word is not known.
criteria:
  soc2: [CC6.2, CC6.3]
  iso27001: [A.5.18]
  nist_csf: [PR.AA-05]
  pci_dss: ["7.2.5.1"]
remediation: >-
  Have somebody other than its holder decide on each credential that may write, and bring the decisions as
  credential_review in a drop folder. Delete a key, uninstall an app or revoke a token that was decided against.
*/
WITH signed AS (
    SELECT
        g.tenant_id, g.connection_id, g.resource_id, v.decision, v.decided_at,
        row_number() OVER (
            PARTITION BY g.tenant_id, g.connection_id, g.resource_id
            -- Of one day the strictest word counts.
            ORDER BY v.decided_at DESC, CASE v.decision WHEN 'revoke' THEN 1 WHEN 'keep' THEN 3 ELSE 2 END
        ) AS place
    FROM facts.github_credential AS g
    CROSS JOIN ops.clock AS c
    JOIN facts.file_credential_review AS v ON v.tenant_id = g.tenant_id AND v.credential_id = lower(g.resource_id)
    WHERE v.reviewer IS NOT NULL
        -- A reviewer may be named by login or by e-mail address.
        AND (g.holder IS NULL OR split_part(v.reviewer, '@', 1) <> g.holder)
        AND v.decided_at <= c.as_of
        AND (g.granted_at IS NULL OR v.decided_at + INTERVAL '1 day' > g.granted_at)
),

judged AS (
    SELECT
        g.tenant_id, g.resource_id, g.kind, g.can_write, g.granted_at, p.credential_review_days AS days,
        s.resource_id IS NOT NULL AS is_reviewed,
        s.decision,
        s.decided_at,
        c.as_of < s.decided_at + (p.credential_review_days + 1) * INTERVAL '1 day' AS is_recent,
        c.as_of < s.decided_at + (p.review_revocation_days + 1) * INTERVAL '1 day' AS is_under_way,
        COALESCE(c.as_of < g.granted_at + p.credential_first_review_days * INTERVAL '1 day', FALSE) AS is_new
    FROM facts.github_credential AS g
    CROSS JOIN ops.clock AS c
    JOIN facts.tenant_policy AS p ON p.tenant_id = g.tenant_id
    LEFT JOIN signed AS s
        ON s.tenant_id = g.tenant_id AND s.connection_id = g.connection_id AND s.resource_id = g.resource_id
        AND s.place = 1
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN kind = 'repository' OR can_write IS NULL THEN 'UNKNOWN'
        WHEN is_reviewed AND decision IS NULL THEN 'UNKNOWN'
        WHEN decision = 'revoke' THEN CASE WHEN is_under_way THEN 'PASS' ELSE 'FAIL' END
        WHEN decision = 'keep' AND is_recent THEN 'PASS'
        WHEN NOT is_reviewed AND is_new THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN kind = 'repository' THEN 'denied'
        WHEN can_write IS NULL THEN 'incomplete'
        WHEN is_reviewed AND decision IS NULL THEN 'incomplete'
        WHEN decision = 'revoke' AND is_under_way
            THEN 'decided against on ' || CAST(CAST(decided_at AS DATE) AS VARCHAR) || ', to be taken away'
        WHEN decision = 'revoke'
            THEN 'decided against on ' || CAST(CAST(decided_at AS DATE) AS VARCHAR) || ', and still there'
        WHEN decision = 'keep' AND is_recent THEN 'reviewed on ' || CAST(CAST(decided_at AS DATE) AS VARCHAR)
        WHEN decision = 'keep'
            THEN 'reviewed on ' || CAST(CAST(decided_at AS DATE) AS VARCHAR) || ', longer than ' || days || ' days ago'
        WHEN is_new THEN 'new, and its first review is not due'
        ELSE 'never reviewed by somebody else with name and day'
    END AS reason
FROM judged
