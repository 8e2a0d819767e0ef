/*
id: AWS-S3-005
title: Versioning is on for production buckets and Object Lock on evidence and log buckets
# Log and evidence buckets are those that a trail delivers into or that the policy names; Object Lock needs
# versioning.
severity: medium
resource_type: aws.s3.bucket
population: aws_s3_bucket
applies_to: "is_trail_bucket OR is_evidence_bucket OR environment = 'production'"
streams: [aws.s3_bucket, aws.s3_bucket_versioning, aws.s3_bucket_object_lock, aws.s3_bucket_tagging,
  aws.cloudtrail_trail]
freshness_hours: 36
policy: [evidence_buckets, object_lock_retention_required, production_tag_key, production_tag_values,
  non_production_tag_values, untagged_resources]
unknown_when: >-
  Versioning, Object Lock or the tags of the bucket, or the trails, were not read, or nothing says whether the
  bucket is production.
criteria:
  soc2: [A1.2]
  iso27001: [A.8.13]
  nist_csf: [PR.DS-11]
  hipaa: ["164.308(a)(7)(ii)(A)"]
remediation: Turn on versioning; for a log or evidence bucket turn on Object Lock, best with a default retention.
*/
WITH bucket AS (
    SELECT
        b.tenant_id, b.resource_id, b.not_understood,
        b.is_trail_bucket OR b.is_evidence_bucket AS needs_lock,
        b.environment = 'production' AS is_production,
        b.versioning = 'Enabled' AS has_versioning,
        b.has_object_lock,
        b.has_object_lock AND (b.has_default_retention OR NOT p.object_lock_retention_required) AS is_locked
    FROM facts.aws_s3_bucket AS b
    JOIN facts.tenant_policy AS p ON p.tenant_id = b.tenant_id
)

SELECT
    b.tenant_id,
    b.resource_id,
    CASE
        WHEN (b.needs_lock AND NOT b.is_locked) OR NOT b.has_versioning THEN 'FAIL'
        WHEN (b.needs_lock AND b.is_locked IS NULL) OR b.has_versioning IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN NOT b.has_versioning THEN 'versioning is not on'
        WHEN b.needs_lock AND NOT b.has_object_lock THEN 'the bucket holds logs or evidence and has no Object Lock'
        WHEN b.needs_lock AND NOT b.is_locked THEN 'Object Lock has no default retention'
        WHEN (b.needs_lock AND b.is_locked IS NULL) OR b.has_versioning IS NULL
        THEN CASE
            WHEN b.not_understood LIKE '%versioning%' OR b.not_understood LIKE '%object_lock%' THEN 'quarantined'
            ELSE 'incomplete'
        END
        WHEN b.needs_lock THEN 'versioning and Object Lock are on'
        ELSE 'versioning is on'
    END AS reason
FROM bucket AS b
