/*
table: file_credential_review
title: Decisions of reviews of deploy keys, apps and tokens
# A decision is signed when it says who made it and on which day.
streams: [file.credential_review]
required: [campaign, credential_id]
columns:
  campaign: The review that the decision belongs to
  credential_id: What was decided on, by the resource of GH-ACC-001, in lower case
  reviewer: Who decided, in lower case; NULL where nobody is named
  decision: keep or revoke; NULL where the word is not known, or there is none
  decided_at: The beginning of the day of the decision, in UTC; NULL where none is given
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'campaign') AS campaign,
    lower(trim(r.body->>'credential_id')) AS credential_id,
    NULLIF(lower(trim(r.body->>'reviewer')), '') AS reviewer,
    CASE
        WHEN json_holds(p.review_keep_decisions, trim(r.body->>'decision')) THEN 'keep'
        WHEN json_holds(p.review_revoke_decisions, trim(r.body->>'decision')) THEN 'revoke'
    END AS decision,
    as_timestamp((r.body->>'decided_on') || 'T00:00:00Z') AS decided_at
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
WHERE r.stream = 'file.credential_review'
