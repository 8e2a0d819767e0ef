/*
table: aws_acm_certificate
title: Certificates of ACM, used or not
streams: [aws.acm_certificate]
required: [domain_name, status, is_in_use]
columns:
  status: ISSUED, or one of PENDING_VALIDATION, INACTIVE, EXPIRED, VALIDATION_TIMED_OUT, REVOKED and FAILED
  not_after: When it ends; NULL for one that was never issued
  is_in_use: Whether another resource of AWS uses it
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'DomainName') AS domain_name,
    (r.body->>'Status') AS status,
    (r.body->>'Type') AS kind,
    (r.body->>'KeyAlgorithm') AS key_algorithm,
    as_timestamp((r.body->>'NotAfter')) AS not_after,
    CASE
        WHEN json_is_array(r.body->'InUseBy') THEN EXISTS (SELECT 1 FROM json_items(r.body->'InUseBy') AS u(item))
    END AS is_in_use
FROM raw.record_asof AS r
WHERE r.stream = 'aws.acm_certificate'
