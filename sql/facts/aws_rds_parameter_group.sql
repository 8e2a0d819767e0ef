/*
table: aws_rds_parameter_group
title: Parameter groups that databases use, and whether they ask for TLS
# rds.force_ssl is of PostgreSQL and SQL Server, require_secure_transport of MySQL and MariaDB, tls of DocumentDB,
# neptune_enforce_ssl of Neptune. Oracle and Db2 have no such parameter.
streams: [aws.rds_parameter_group]
required: [group_name]
columns:
  kind: instance or cluster
  parameter: The parameter that decides; NULL where the group has none of them
  asks_for_tls: Whether connections without TLS are refused; NULL where the group does not say
*/
WITH parameter AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        max((i.item->>'ParameterName')) AS parameter,
        bool_or(
            CASE
                WHEN lower((i.item->>'ParameterValue')) IN ('1', 'on', 'true', 'enabled', 'tls1.2+', 'tls1.3+', 'fips-140-3')
                THEN TRUE
                WHEN lower((i.item->>'ParameterValue')) IN ('0', 'off', 'false', 'disabled') THEN FALSE
            END
        ) AS asks_for_tls
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'Parameters') AS i(item)
    WHERE r.stream = 'aws.rds_parameter_group'
    GROUP BY r.tenant_id, r.connection_id, r.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    coalesce((r.body->>'DBParameterGroupName'), (r.body->>'DBClusterParameterGroupName')) AS group_name,
    CASE WHEN (r.body->>'DBClusterParameterGroupName') IS NOT NULL THEN 'cluster' ELSE 'instance' END AS kind,
    p.parameter,
    p.asks_for_tls
FROM raw.record_asof AS r
LEFT JOIN parameter AS p
    ON p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
WHERE r.stream = 'aws.rds_parameter_group'
