/*
id: AWS-LOG-007
title: VPC flow logs are active for production networks
# Every network counts, the default one and an unused one too, unless it is tagged as not production. Flow logs of
# single subnets do not make up for one of the VPC.
severity: medium
resource_type: aws.vpc
population: aws_vpc
applies_to: "environment IS DISTINCT FROM 'non_production'"
streams: [aws.ec2_vpc, aws.ec2_flow_log]
freshness_hours: 36
policy: [flow_log_traffic_types, production_tag_key, production_tag_values, non_production_tag_values,
  untagged_resources]
unknown_when: Networks or flow logs of the region were not read, or a flow log is not understood.
criteria:
  soc2: [CC6.6, CC7.2]
  iso27001: [A.8.16, A.8.20]
  nist_csf: [DE.CM-01]
  hipaa: ["164.312(b)"]
remediation: Make a flow log for the whole VPC that records rejected or all traffic, and repair its delivery.
*/
WITH flow_log AS (
    SELECT
        f.tenant_id, f.connection_id, f.scope, f.target_id,
        f.flow_log_status = 'ACTIVE'
            AND coalesce(f.delivery_status, 'SUCCESS') = 'SUCCESS'
            AND CASE WHEN f.traffic_type IS NOT NULL THEN json_holds(p.flow_log_traffic_types, f.traffic_type) END
            AS is_good
    FROM facts.aws_ec2_flow_log AS f
    JOIN facts.tenant_policy AS p ON p.tenant_id = f.tenant_id
),

network AS (
    SELECT
        f.tenant_id, f.connection_id, f.scope, f.target_id,
        bool_or(f.is_good) AS is_good, bool_or(f.is_good IS NULL) AS is_unclear
    FROM flow_log AS f
    GROUP BY f.tenant_id, f.connection_id, f.scope, f.target_id
)

SELECT
    v.tenant_id,
    v.resource_id,
    CASE WHEN n.is_good THEN 'PASS' WHEN n.is_unclear THEN 'UNKNOWN' ELSE 'FAIL' END AS status,
    CASE
        WHEN n.is_good THEN 'a flow log records the network'
        WHEN n.is_unclear THEN 'quarantined'
        WHEN n.tenant_id IS NULL THEN 'the network has no flow log'
        ELSE 'no flow log of the network is active, delivers, and records the traffic asked for'
    END AS reason
FROM facts.aws_vpc AS v
LEFT JOIN network AS n
    ON n.tenant_id = v.tenant_id
    AND n.connection_id = v.connection_id
    AND n.scope = v.scope
    AND n.target_id = v.vpc_id
