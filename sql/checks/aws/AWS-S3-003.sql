/*
id: AWS-S3-003
title: Classified buckets use the required encryption algorithm and key
# S3 encrypts every bucket with its own keys since 2023, so encryption alone proves nothing; buckets whose class asks
# for no key of their own are not judged. A key that is named by its ARN or id is taken for a key of the customer.
severity: medium
resource_type: aws.s3.bucket
population: aws_s3_bucket
applies_to: "needs_kms"
streams: [aws.s3_bucket, aws.s3_bucket_encryption, aws.s3_bucket_tagging]
freshness_hours: 36
policy: [classification_tag_key, classes_requiring_kms, classes_without_kms]
unknown_when: The encryption or the tags of the bucket were not read, or its tags name no class that the policy knows.
criteria:
  soc2: [CC6.1, C1.1]
  iso27001: [A.8.24]
  nist_csf: [PR.DS-01]
  hipaa: ["164.312(a)(2)(iv)"]
  pci_dss: ["3.5.1"]
remediation: Set the bucket's default encryption to SSE-KMS with a key of your own, or correct its classification tag.
*/
SELECT
    b.tenant_id,
    b.resource_id,
    CASE
        WHEN b.encryption_algorithm IS NULL THEN 'UNKNOWN'
        WHEN b.encryption_algorithm IN ('aws:kms', 'aws:kms:dsse')
            AND b.kms_key_id IS NOT NULL AND b.kms_key_id NOT LIKE '%alias/aws/%'
        THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN b.encryption_algorithm IS NULL
        THEN CASE WHEN b.not_understood LIKE '%encryption%' THEN 'quarantined' ELSE 'incomplete' END
        WHEN b.encryption_algorithm NOT IN ('aws:kms', 'aws:kms:dsse')
        THEN 'the class of the data asks for SSE-KMS, the default encryption is ' || b.encryption_algorithm
        WHEN b.kms_key_id IS NULL OR b.kms_key_id LIKE '%alias/aws/%'
        THEN 'the class of the data asks for a key of the customer, the default is the key of AWS'
        ELSE 'the default encryption uses a key of the customer'
    END AS reason
FROM facts.aws_s3_bucket AS b
