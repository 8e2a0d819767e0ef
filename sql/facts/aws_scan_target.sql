/*
table: aws_scan_target
title: Running instances, image repositories and functions, with whether Inspector scans them
# Inspector names an instance by its id, and a function with its version behind a colon. A repository that holds no image
# has nothing to be scanned.
streams: [aws.ec2_instance, aws.ecr_repository, aws.lambda_function, aws.inspector_coverage]
population_streams: [aws.ec2_instance, aws.ecr_repository, aws.lambda_function]
required: [kind]
columns:
  kind: instance, repository or function
  is_covered: Whether Inspector lists it
  is_scanned: Whether a scan of it is active, or there is nothing to scan
  scan_reason: Why not, in Inspector's words
*/
WITH target AS (
    SELECT r.*, 'instance' AS kind
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.ec2_instance' AND (r.body->'State'->>'Name') IN ('running', 'pending')
    UNION ALL
    SELECT r.*, 'repository' AS kind FROM raw.record_asof AS r WHERE r.stream = 'aws.ecr_repository'
    UNION ALL
    SELECT r.*, 'function' AS kind FROM raw.record_asof AS r WHERE r.stream = 'aws.lambda_function'
),

coverage AS (
    SELECT
        v.tenant_id, v.connection_id, v.scope,
        CASE (v.body->>'resourceType')
            WHEN 'AWS_EC2_INSTANCE' THEN 'instance'
            WHEN 'AWS_ECR_REPOSITORY' THEN 'repository'
            WHEN 'AWS_LAMBDA_FUNCTION' THEN 'function'
        END AS kind,
        (v.body->>'resourceId') AS covered,
        (v.body->'scanStatus'->>'statusCode') AS status,
        (v.body->'scanStatus'->>'reason') AS reason
    FROM raw.record_asof AS v
    WHERE v.stream = 'aws.inspector_coverage'
),

matched AS (
    SELECT
        t.tenant_id, t.connection_id, t.resource_id,
        bool_or(v.status = 'ACTIVE' OR v.reason = 'NO_RESOURCES_FOUND') AS is_scanned,
        max(v.reason) AS reason
    FROM target AS t
    JOIN coverage AS v
        ON v.tenant_id = t.tenant_id AND v.connection_id = t.connection_id AND v.scope = t.scope AND v.kind = t.kind
        AND v.covered = CASE t.kind
            WHEN 'instance' THEN (t.body->>'InstanceId')
            WHEN 'repository' THEN t.resource_id
            ELSE t.resource_id || substr(v.covered, length(t.resource_id) + 1)
        END
    WHERE t.kind <> 'function' OR substr(v.covered, length(t.resource_id) + 1, 1) IN ('', ':')
    GROUP BY t.tenant_id, t.connection_id, t.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.kind,
    m.tenant_id IS NOT NULL AS is_covered,
    m.is_scanned,
    m.reason AS scan_reason
FROM target AS r
LEFT JOIN matched AS m
    ON m.tenant_id = r.tenant_id AND m.connection_id = r.connection_id AND m.resource_id = r.resource_id
