/*
table: aws_organization
title: AWS accounts that are connected, each with the organisation it belongs to
# DescribeOrganization says of an account that it is in none; that row has no organization_id.
streams: [aws.organization]
required: [is_member]
columns:
  is_member: Whether the account belongs to an organisation
  organization_id: The organisation; NULL for none
  management_account: The account that manages it; NULL for none
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    CASE WHEN as_boolean((r.body->>'absent')) THEN FALSE WHEN (r.body->>'Id') IS NOT NULL THEN TRUE END AS is_member,
    (r.body->>'Id') AS organization_id,
    (r.body->>'MasterAccountId') AS management_account
FROM raw.record_asof AS r
WHERE r.stream = 'aws.organization'
