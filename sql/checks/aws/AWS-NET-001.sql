/*
id: AWS-NET-001
title: No security group exposes remote-administration ports to the internet
# A group is judged whether something uses it or not. TCP and UDP count, and rules for every protocol.
severity: high
resource_type: aws.ec2.security_group
population: aws_ec2_security_group
streams: [aws.ec2_security_group, aws.ec2_prefix_list]
freshness_hours: 36
policy: [remote_admin_ports, public_range_prefix_v4, public_range_prefix_v6, public_total_prefix_v4,
  public_total_prefix_v6]
unknown_when: >-
  Security groups or prefix lists of the region were not read, or a rule that reaches such a port names a prefix
  list that was not read, as those of AWS itself.
criteria:
  soc2: [CC6.6]
  iso27001: [A.8.20]
  nist_csf: [PR.IR-01]
  hipaa: ["164.312(a)(1)"]
  pci_dss: ["1.3.1"]
remediation: Narrow the rule to the addresses that administer, or replace it by Session Manager or a VPN.
*/
WITH port AS (
    SELECT
        p.tenant_id, as_integer(json_text(i.item)) AS first_port, as_integer(json_text(i.item)) AS last_port,
        'port ' || json_text(i.item) AS label
    FROM facts.tenant_policy AS p, LATERAL json_items(p.remote_admin_ports) AS i(item)
),

admitted AS (
    SELECT DISTINCT
        s.tenant_id, s.connection_id, s.group_arn, n.label, s.address_range, s.family, s.public_addresses
    FROM facts.aws_ec2_security_group_source AS s
    JOIN port AS n ON n.tenant_id = s.tenant_id AND s.from_port <= n.first_port AND s.to_port >= n.last_port
),

-- The widest range, and all ranges together (each once), that reach a port.
exposure AS (
    SELECT
        a.tenant_id, a.connection_id, a.group_arn, a.label,
        max(a.public_addresses) > power(2, CASE a.family WHEN 4 THEN 32 ELSE 128 END
            - CASE a.family WHEN 4 THEN p.public_range_prefix_v4 ELSE p.public_range_prefix_v6 END)
        OR sum(a.public_addresses) > power(2, CASE a.family WHEN 4 THEN 32 ELSE 128 END
            - CASE a.family WHEN 4 THEN p.public_total_prefix_v4 ELSE p.public_total_prefix_v6 END) AS is_public,
        bool_or(a.public_addresses IS NULL) AS is_unknown,
        bool_or(a.public_addresses IS NULL AND a.address_range IS NOT NULL) AS is_unclear
    FROM admitted AS a
    JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
    GROUP BY a.tenant_id, a.connection_id, a.group_arn, a.label, a.family, p.public_range_prefix_v4,
        p.public_range_prefix_v6, p.public_total_prefix_v4, p.public_total_prefix_v6
),

exposed AS (
    SELECT
        e.tenant_id, e.connection_id, e.group_arn,
        bool_or(e.is_public) AS is_public,
        bool_or(e.is_unknown) AS is_unknown,
        bool_or(e.is_unclear) AS is_unclear,
        min(e.label) FILTER (WHERE e.is_public) AS label
    FROM exposure AS e
    GROUP BY e.tenant_id, e.connection_id, e.group_arn
)

SELECT
    g.tenant_id,
    g.resource_id,
    CASE WHEN e.is_public THEN 'FAIL' WHEN e.is_unknown THEN 'UNKNOWN' ELSE 'PASS' END AS status,
    CASE
        WHEN e.is_public THEN 'a rule lets the public in on ' || e.label
        WHEN e.is_unclear THEN 'quarantined'
        WHEN e.is_unknown THEN 'incomplete'
        ELSE 'no rule lets the public in on a port of remote administration'
    END AS reason
FROM facts.aws_ec2_security_group AS g
LEFT JOIN exposed AS e
    ON e.tenant_id = g.tenant_id AND e.connection_id = g.connection_id AND e.group_arn = g.resource_id
