/*
id: AWS-RDS-004
title: Production databases run across availability zones
severity: medium
resource_type: aws.rds.instance
population: aws_rds_instance
applies_to: "environment = 'production'"
streams: [aws.rds_instance, aws.rds_cluster]
freshness_hours: 36
policy: [production_tag_key, production_tag_values, non_production_tag_values, untagged_resources]
unknown_when: >-
  Instances or clusters of the region were not read, the cluster of an instance is missing, or nothing says whether
  the database is production.
criteria:
  soc2: [A1.2]
  iso27001: [A.8.14]
  nist_csf: [PR.IR-03]
  hipaa: ["164.308(a)(7)(i)"]
remediation: Turn on Multi-AZ, or add a cluster member in another availability zone.
*/
WITH database AS (
    SELECT
        d.tenant_id, d.resource_id, d.has_cluster,
        CASE
            WHEN d.cluster_name IS NULL THEN d.is_multi_az
            WHEN d.has_cluster THEN d.zones >= 2 OR d.is_cluster_multi_az
        END AS is_spread
    FROM facts.aws_rds_instance AS d
)

SELECT
    d.tenant_id,
    d.resource_id,
    CASE WHEN d.is_spread IS NULL THEN 'UNKNOWN' WHEN d.is_spread THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE
        WHEN d.is_spread IS NULL THEN CASE WHEN d.has_cluster THEN 'quarantined' ELSE 'incomplete' END
        WHEN d.is_spread THEN 'the database runs in more than one availability zone'
        ELSE 'the database runs in one availability zone'
    END AS reason
FROM database AS d
