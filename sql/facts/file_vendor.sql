/*
table: file_vendor
title: Vendors, with who answers for each and its last review
streams: [file.vendor]
required: [name]
columns:
  name: The vendor's name
  owner: Who answers for the vendor; NULL where nobody does
  tier: How much depends on it
  service: What it does
  handles_personal_data: Whether it handles personal data; NULL where that is not said
  reviewed_at: The day of the last review, in UTC
  next_review_at: The end of the day on which the next review is due, in UTC
  contract_ends_at: The end of the contract's last day, in UTC
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'name') AS name,
    NULLIF(trim(r.body->>'owner'), '') AS owner,
    (r.body->>'tier') AS tier,
    (r.body->>'service') AS service,
    as_boolean(r.body->>'handles_personal_data') AS handles_personal_data,
    as_timestamp((r.body->>'reviewed_on') || 'T00:00:00Z') AS reviewed_at,
    as_timestamp((r.body->>'next_review_on') || 'T00:00:00Z') + INTERVAL '1 day' AS next_review_at,
    as_timestamp((r.body->>'contract_end') || 'T00:00:00Z') + INTERVAL '1 day' AS contract_ends_at
FROM raw.record_asof AS r
WHERE r.stream = 'file.vendor'
