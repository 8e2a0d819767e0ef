/*
id: AWS-S3-004
title: Bucket policies refuse unencrypted transport
severity: medium
resource_type: aws.s3.bucket
population: aws_s3_bucket
streams: [aws.s3_bucket, aws.s3_bucket_policy]
freshness_hours: 36
unknown_when: >-
  The bucket policy was not read. S3's answer that there is none is an observation, and a failure; a denied call is
  not.
criteria:
  soc2: [CC6.7]
  iso27001: [A.5.14, A.8.24]
  nist_csf: [PR.DS-02]
  hipaa: ["164.312(e)(1)", "164.312(e)(2)(ii)"]
  pci_dss: ["4.2.1"]
remediation: >-
  Add a statement that denies s3:* to everybody on the bucket and its objects where aws:SecureTransport is false.
*/
WITH refusal AS (
    SELECT s.tenant_id, s.connection_id, s.bucket_arn, s.resource
    FROM facts.aws_s3_bucket_policy_statement AS s
    WHERE s.effect = 'Deny'
        AND (json_holds(s.principal, '*') OR json_holds(s.principal->'AWS', '*'))
        AND (json_holds(s.action, '*') OR json_holds(s.action, 's3:*'))
        -- One condition, and no other that would narrow it.
        AND (
            SELECT count(*)
            FROM json_members(s.condition) AS o(operator, tests), LATERAL json_members(o.tests) AS k(name, item)
        ) = 1
        AND EXISTS (
            SELECT 1
            FROM json_members(s.condition) AS o(operator, tests), LATERAL json_members(o.tests) AS k(name, item)
            WHERE lower(o.operator) IN ('bool', 'boolifexists')
                AND lower(k.name) = 'aws:securetransport'
                AND json_holds(k.item, 'false') AND NOT json_holds(k.item, 'true')
        )
),

pattern AS (
    SELECT
        f.tenant_id, f.connection_id, f.bucket_arn,
        -- * and ? are the policy's wildcards, % and _ those of LIKE.
        replace(replace(replace(replace(replace(
            regexp_replace(json_text(i.item), '^arn:aws[a-z-]*:', 'arn:aws:'),
            '!', '!!'), '%', '!%'), '_', '!_'), '*', '%'), '?', '_') AS pattern
    FROM refusal AS f, LATERAL json_list(f.resource) AS i(item)
),

covered AS (
    SELECT
        n.tenant_id, n.connection_id, n.bucket_arn,
        bool_or(n.bucket_arn LIKE n.pattern ESCAPE '!') AS covers_bucket,
        -- A name that no policy spells out: only a wildcard for any object matches it.
        bool_or((n.bucket_arn || '/any object, whatever its name') LIKE n.pattern ESCAPE '!') AS covers_objects
    FROM pattern AS n
    GROUP BY n.tenant_id, n.connection_id, n.bucket_arn
),

unclear AS (
    SELECT DISTINCT s.tenant_id, s.connection_id, s.bucket_arn
    FROM facts.aws_s3_bucket_policy_statement AS s
    WHERE s.effect IS NULL OR s.effect NOT IN ('Allow', 'Deny')
)

SELECT
    b.tenant_id,
    b.resource_id,
    CASE
        WHEN b.has_policy IS NULL THEN 'UNKNOWN'
        WHEN g.covers_bucket AND g.covers_objects THEN 'PASS'
        WHEN u.tenant_id IS NOT NULL THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN b.has_policy IS NULL
        THEN CASE WHEN b.not_understood LIKE '%policy %' THEN 'quarantined' ELSE 'incomplete' END
        WHEN g.covers_bucket AND g.covers_objects THEN 'requests without TLS are denied'
        WHEN u.tenant_id IS NOT NULL THEN 'quarantined'
        WHEN NOT b.has_policy THEN 'the bucket has no policy, so requests without TLS are answered'
        WHEN g.covers_objects THEN 'requests without TLS are denied for objects, not for the bucket'
        WHEN g.covers_bucket THEN 'requests without TLS are denied for the bucket, not for all objects'
        ELSE 'no statement denies all requests without TLS to everybody'
    END AS reason
FROM facts.aws_s3_bucket AS b
LEFT JOIN covered AS g
    ON g.tenant_id = b.tenant_id AND g.connection_id = b.connection_id AND g.bucket_arn = b.resource_id
LEFT JOIN unclear AS u
    ON u.tenant_id = b.tenant_id AND u.connection_id = b.connection_id AND u.bucket_arn = b.resource_id
