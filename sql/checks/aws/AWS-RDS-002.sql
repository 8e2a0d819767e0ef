/*
id: AWS-RDS-002
title: Databases are not reachable from the internet
# A database is reachable when it has a public address, a subnet of it leads to an internet gateway, and its security
# groups admit a public range on its port. One of the three that is proven missing is enough to pass.
severity: critical
resource_type: aws.rds.instance
population: aws_rds_instance
streams: [aws.rds_instance, aws.rds_cluster, aws.ec2_route_table, aws.ec2_security_group, aws.ec2_prefix_list]
freshness_hours: 36
policy: [public_range_prefix_v4, public_range_prefix_v6, public_total_prefix_v4, public_total_prefix_v6]
unknown_when: >-
  Instances, clusters, route tables, security groups or prefix lists of the region were not read, a security group
  or route table that the database uses is not among them, or RDS does not say whether the database has an address
  of the internet.
criteria:
  soc2: [CC6.6]
  iso27001: [A.8.20, A.8.22]
  nist_csf: [PR.IR-01]
  hipaa: ["164.312(a)(1)"]
  pci_dss: ["1.4.4"]
remediation: >-
  Turn off public access of the instance, move it into subnets without a route to an internet gateway, or narrow the
  security group.
*/
WITH admitted AS (
    SELECT DISTINCT
        d.tenant_id, d.connection_id, d.resource_id, s.address_range, s.family, s.public_addresses,
        d.port IS NULL OR g.resource_id IS NULL OR (s.resource_id IS NOT NULL AND s.public_addresses IS NULL)
            AS is_unclear
    FROM facts.aws_rds_instance AS d
    CROSS JOIN LATERAL json_items(d.security_groups) AS i(item)
    LEFT JOIN facts.aws_ec2_security_group AS g
        ON g.tenant_id = d.tenant_id
        AND g.connection_id = d.connection_id
        AND g.scope = d.scope
        AND g.group_id = (i.item->>'VpcSecurityGroupId')
    LEFT JOIN facts.aws_ec2_security_group_source AS s
        ON s.tenant_id = g.tenant_id
        AND s.connection_id = g.connection_id
        AND s.group_arn = g.resource_id
        AND s.protocol IN ('tcp', 'all')
        AND s.from_port <= d.port
        AND s.to_port >= d.port
),

family AS (
    SELECT
        a.tenant_id, a.connection_id, a.resource_id,
        max(a.public_addresses) > power(2, CASE a.family WHEN 4 THEN 32 ELSE 128 END
            - CASE a.family WHEN 4 THEN p.public_range_prefix_v4 ELSE p.public_range_prefix_v6 END)
        OR sum(a.public_addresses) > power(2, CASE a.family WHEN 4 THEN 32 ELSE 128 END
            - CASE a.family WHEN 4 THEN p.public_total_prefix_v4 ELSE p.public_total_prefix_v6 END) AS is_public,
        bool_or(a.is_unclear) AS is_unclear
    FROM admitted AS a
    JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
    GROUP BY a.tenant_id, a.connection_id, a.resource_id, a.family, p.public_range_prefix_v4, p.public_range_prefix_v6,
        p.public_total_prefix_v4, p.public_total_prefix_v6
),

firewall AS (
    SELECT
        f.tenant_id, f.connection_id, f.resource_id,
        CASE WHEN bool_or(f.is_public) THEN TRUE WHEN bool_or(f.is_unclear) THEN NULL ELSE FALSE END AS is_open
    FROM family AS f
    GROUP BY f.tenant_id, f.connection_id, f.resource_id
),

route AS (
    SELECT
        d.tenant_id, d.connection_id, d.resource_id,
        CASE
            WHEN bool_or(coalesce(own.has_internet_route, vpc_main.has_internet_route)) THEN TRUE
            WHEN bool_or(coalesce(own.has_internet_route, vpc_main.has_internet_route) IS NULL) THEN NULL
            ELSE FALSE
        END AS leads_to_internet
    FROM facts.aws_rds_instance AS d
    CROSS JOIN LATERAL json_items(d.subnets) AS i(item)
    LEFT JOIN facts.aws_ec2_route_association AS own
        ON own.tenant_id = d.tenant_id
        AND own.connection_id = d.connection_id
        AND own.scope = d.scope
        AND own.subnet_id = (i.item->>'SubnetIdentifier')
    LEFT JOIN facts.aws_ec2_route_association AS vpc_main
        ON vpc_main.tenant_id = d.tenant_id
        AND vpc_main.connection_id = d.connection_id
        AND vpc_main.scope = d.scope
        AND vpc_main.vpc_id = d.vpc_id
        AND vpc_main.is_main
        AND own.tenant_id IS NULL
    GROUP BY d.tenant_id, d.connection_id, d.resource_id
),

database AS (
    SELECT
        d.tenant_id, d.resource_id, d.kind,
        CASE WHEN d.kind = 'cluster' THEN coalesce(d.is_publicly_accessible, FALSE) ELSE d.is_publicly_accessible END
            AS has_public_address,
        f.is_open,
        r.leads_to_internet
    FROM facts.aws_rds_instance AS d
    LEFT JOIN firewall AS f
        ON f.tenant_id = d.tenant_id AND f.connection_id = d.connection_id AND f.resource_id = d.resource_id
    LEFT JOIN route AS r
        ON r.tenant_id = d.tenant_id AND r.connection_id = d.connection_id AND r.resource_id = d.resource_id
)

SELECT
    d.tenant_id,
    d.resource_id,
    CASE
        WHEN d.has_public_address AND d.is_open AND d.leads_to_internet THEN 'FAIL'
        WHEN NOT d.has_public_address OR NOT d.is_open OR NOT d.leads_to_internet THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN d.has_public_address AND d.is_open AND d.leads_to_internet
        THEN 'the database has a public address, a route to the internet, and a security group that lets the public in'
        WHEN NOT d.has_public_address THEN 'the database has no public address'
        WHEN NOT d.is_open THEN 'no security group lets the public in on the port of the database'
        WHEN NOT d.leads_to_internet THEN 'the subnets of the database have no route to an internet gateway'
        WHEN d.has_public_address IS NULL THEN 'quarantined'
        ELSE 'incomplete'
    END AS reason
FROM database AS d
