/*
table: aws_ecr_repository
title: Private image repositories with what scans them
# With enhanced scanning the registry's rules alone count; with basic scanning a repository may scan by itself as well. A
# filter without a star fits every name that holds it (ECR user guide, "Filters to choose which repositories are scanned").
streams: [aws.ecr_repository, aws.ecr_registry_scanning]
population_streams: [aws.ecr_repository]
required: [repository_name, tag_mutability]
columns:
  tag_mutability: IMMUTABLE, MUTABLE, or one of both with exclusions
  scan_type: BASIC or ENHANCED; NULL where the registry's rules were not read
  is_scanned: Whether images are scanned as they come, at the least; NULL where that is not known
*/
WITH registry AS (
    SELECT
        r.tenant_id, r.connection_id, r.scope, r.body,
        CASE
            WHEN (r.body->'scanningConfiguration'->>'scanType') IN ('BASIC', 'ENHANCED')
            THEN (r.body->'scanningConfiguration'->>'scanType')
        END AS scan_type
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.ecr_registry_scanning'
),

repository AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'repositoryName') AS repository_name,
        (r.body->>'imageTagMutability') AS tag_mutability,
        as_boolean((r.body->'imageScanningConfiguration'->>'scanOnPush')) AS scans_on_push,
        g.scan_type,
        EXISTS (
            SELECT 1
            FROM json_items(g.body->'scanningConfiguration'->'rules') AS u(item),
                LATERAL json_items(u.item->'repositoryFilters') AS f(item)
            WHERE (u.item->>'scanFrequency') IN ('SCAN_ON_PUSH', 'CONTINUOUS_SCAN')
                AND CASE
                    WHEN (f.item->>'filter') LIKE '%*%'
                    THEN lower((r.body->>'repositoryName')) LIKE like_pattern((f.item->>'filter')) ESCAPE '!'
                    ELSE lower((r.body->>'repositoryName')) LIKE '%' || like_pattern((f.item->>'filter')) || '%' ESCAPE '!'
                END
        ) AS has_rule
    FROM raw.record_asof AS r
    LEFT JOIN registry AS g
        ON g.tenant_id = r.tenant_id AND g.connection_id = r.connection_id AND g.scope = r.scope
    WHERE r.stream = 'aws.ecr_repository'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.repository_name, r.tag_mutability, r.scan_type,
    CASE
        WHEN r.scan_type IS NULL THEN NULL
        WHEN r.has_rule OR (r.scan_type = 'BASIC' AND r.scans_on_push) THEN TRUE
        WHEN r.scan_type = 'ENHANCED' OR r.scans_on_push IS NOT NULL THEN FALSE
    END AS is_scanned
FROM repository AS r
