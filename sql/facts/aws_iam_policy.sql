/*
table: aws_iam_policy
title: Customer-managed IAM policies, attached or not
streams: [aws.iam_policy]
required: [policy_name, has_document]
columns:
  default_version_id: The version that is in force
  has_document: TRUE where the document of that version was read, else NULL
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    -- A policy's name is the end of its ARN (IAM user guide, "IAM identifiers"), so one is there in any case.
    coalesce((r.body->>'PolicyName'), regexp_replace(r.resource_id, '^.*/', '')) AS policy_name,
    (r.body->>'DefaultVersionId') AS default_version_id,
    as_integer((r.body->>'AttachmentCount')) AS attachments,
    CASE
        WHEN EXISTS (
            SELECT 1
            FROM json_items(r.body->'PolicyVersionList') AS v(item)
            WHERE (v.item->>'VersionId') = (r.body->>'DefaultVersionId')
                AND (v.item->'Document'->>'Statement') IS NOT NULL
        ) THEN TRUE
    END AS has_document
FROM raw.record_asof AS r
WHERE r.stream = 'aws.iam_policy'
