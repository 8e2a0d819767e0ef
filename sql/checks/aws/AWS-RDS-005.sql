/*
id: AWS-RDS-005
title: Database connections require TLS
# A member of a cluster is judged by the parameter group of its cluster or its own, whichever asks for TLS. A value that
# waits for a restart is not in force yet.
severity: medium
resource_type: aws.rds.instance
population: aws_rds_instance
streams: [aws.rds_instance, aws.rds_cluster, aws.rds_parameter_group]
freshness_hours: 36
unknown_when: >-
  Instances, clusters or their parameter groups were not read, the groups do not say (as those of Oracle and Db2, which
  have no such parameter), or a change waits for a restart.
criteria:
  soc2: [CC6.7]
  iso27001: [A.8.24]
  nist_csf: [PR.DS-02]
  hipaa: ["164.312(e)(1)"]
remediation: >-
  Set rds.force_ssl or require_secure_transport to 1 in the parameter group, and restart the database if it asks for it.
*/
WITH database AS (
    SELECT
        d.tenant_id, d.resource_id,
        coalesce(d.parameter_status, '') = 'pending-reboot' AS is_pending,
        g.asks_for_tls AS instance_asks,
        k.asks_for_tls AS cluster_asks,
        coalesce(g.parameter, k.parameter) AS parameter
    FROM facts.aws_rds_instance AS d
    LEFT JOIN facts.aws_rds_parameter_group AS g
        ON g.tenant_id = d.tenant_id AND g.connection_id = d.connection_id AND g.scope = d.scope
        AND g.kind = 'instance' AND g.group_name = d.parameter_group
    LEFT JOIN facts.aws_rds_parameter_group AS k
        ON k.tenant_id = d.tenant_id AND k.connection_id = d.connection_id AND k.scope = d.scope
        AND k.kind = 'cluster' AND k.group_name = d.cluster_parameter_group
)

SELECT
    d.tenant_id,
    d.resource_id,
    CASE
        WHEN d.cluster_asks OR (d.instance_asks AND NOT d.is_pending) THEN 'PASS'
        WHEN d.instance_asks THEN 'UNKNOWN'
        WHEN d.cluster_asks IS NULL AND d.instance_asks IS NULL THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN d.cluster_asks OR (d.instance_asks AND NOT d.is_pending) THEN 'connections without TLS are refused'
        WHEN d.instance_asks OR (d.cluster_asks IS NULL AND d.instance_asks IS NULL) THEN 'incomplete'
        ELSE d.parameter || ' is off'
    END AS reason
FROM database AS d
