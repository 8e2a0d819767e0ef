/*
id: AWS-S3-006
title: Classified buckets have a disposal lifecycle that matches the retention schedule
# Where the retention schedule names no days for a class, any expiry of the whole bucket will do. Where a bucket keeps
# versions, those must be deleted as well, or nothing is disposed of.
severity: low
resource_type: aws.s3.bucket
population: aws_s3_bucket_disposal
applies_to: "needs_disposal"
streams: [aws.s3_bucket, aws.s3_bucket_tagging, aws.s3_bucket_disposal, aws.s3_bucket_versioning]
freshness_hours: 36
policy: [classification_tag_key, classes_requiring_disposal, classes_without_disposal, retention_schedule]
unknown_when: >-
  The tags, the lifecycle or the versioning of the bucket were not read, or its tags name no class that the policy knows.
criteria:
  soc2: [C1.2]
  iso27001: [A.8.10]
  nist_csf: [ID.AM-08]
  hipaa: ["164.310(d)(2)(i)"]
  pci_dss: ["3.2.1"]
remediation: >-
  Add a lifecycle rule over the whole bucket that expires objects after the days of the retention schedule, and one that
  deletes versions which are no longer current.
*/
SELECT
    b.tenant_id,
    b.resource_id,
    CASE
        WHEN NOT b.is_known OR b.has_versions IS NULL THEN 'UNKNOWN'
        WHEN b.expires_after_days IS NULL THEN 'FAIL'
        WHEN b.expires_after_days <> b.scheduled_days THEN 'FAIL'
        WHEN b.has_versions AND b.old_versions_after_days IS NULL THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN NOT b.is_known AND b.rules_read THEN 'quarantined'
        WHEN NOT b.is_known OR b.has_versions IS NULL THEN 'incomplete'
        WHEN b.expires_after_days IS NULL THEN 'no lifecycle rule disposes of the whole bucket'
        WHEN b.expires_after_days <> b.scheduled_days
        THEN 'objects expire after ' || b.expires_after_days || ' days, the schedule says ' || b.scheduled_days
        WHEN b.has_versions AND b.old_versions_after_days IS NULL THEN 'versions that are no longer current stay for ever'
        ELSE 'objects expire after ' || b.expires_after_days || ' days'
    END AS reason
FROM facts.aws_s3_bucket_disposal AS b
