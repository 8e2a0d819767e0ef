/*
table: aws_lambda_function
title: Lambda functions with their policy and their own address
# Of the function itself: what a policy allows on one of its versions or aliases is not read.
streams: [aws.lambda_function, aws.lambda_policy, aws.lambda_url]
required: [function_name]
columns:
  has_policy: Whether it has a policy; NULL where that was not read or is not understood
  policy_read: Whether a record of its policy was read
  url_auth_type: AWS_IAM or NONE where it has an address, "none" where it has none; NULL where that was not read
  url_read: Whether a record of its address was read
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'FunctionName') AS function_name,
    (r.body->>'Runtime') AS runtime,
    CASE
        WHEN as_boolean((p.body->>'absent')) THEN FALSE
        WHEN (p.body->'Policy'->>'Statement') IS NOT NULL THEN TRUE
    END AS has_policy,
    p.body IS NOT NULL AS policy_read,
    CASE
        WHEN as_boolean((u.body->>'absent')) THEN 'none'
        WHEN (u.body->>'AuthType') IN ('AWS_IAM', 'NONE') THEN (u.body->>'AuthType')
    END AS url_auth_type,
    u.body IS NOT NULL AS url_read
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS p
    ON p.stream = 'aws.lambda_policy'
    AND p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
LEFT JOIN raw.record_asof AS u
    ON u.stream = 'aws.lambda_url'
    AND u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.resource_id = r.resource_id
WHERE r.stream = 'aws.lambda_function'
