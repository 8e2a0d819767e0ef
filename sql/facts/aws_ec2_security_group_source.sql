/*
table: aws_ec2_security_group_source
title: Address ranges that security groups admit, with their ports
# One row for each range of each inbound rule, and for each entry of a prefix list that a rule names. A prefix list that
# was not read (those of AWS itself) is one row whose range is NULL. Other security groups as sources are left out: they
# are no address ranges. Only TCP, UDP and rules for every protocol are here.
streams: [aws.ec2_security_group, aws.ec2_prefix_list]
columns:
  group_arn: The security group
  protocol: tcp, udp or all
  from_port: The first port, 0 where all are admitted
  to_port: The last port
  address_range: The range in CIDR form; NULL for a prefix list that was not read
  prefix_list_id: The prefix list that the range comes from, if any
  family: 4 or 6
  public_addresses: How many addresses of the internet the range admits
*/
WITH rule AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        CASE (i.item->>'IpProtocol')
            WHEN '-1' THEN 'all' WHEN '6' THEN 'tcp' WHEN '17' THEN 'udp' ELSE (i.item->>'IpProtocol')
        END AS protocol,
        (i.item->>'IpProtocol') = '-1' OR (i.item->>'FromPort') = '-1' AS all_ports,
        as_integer((i.item->>'FromPort')) AS from_port,
        as_integer((i.item->>'ToPort')) AS to_port,
        i.item AS rule
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'IpPermissions') AS i(item)
    WHERE r.stream = 'aws.ec2_security_group' AND (i.item->>'IpProtocol') IN ('-1', 'tcp', 'udp', '6', '17')
),

named AS (
    SELECT r.*, (s.item->>'CidrIp') AS named_range, NULL AS prefix_list_id
    FROM rule AS r, LATERAL json_items(r.rule->'IpRanges') AS s(item)
    UNION ALL
    SELECT r.*, (s.item->>'CidrIpv6') AS named_range, NULL AS prefix_list_id
    FROM rule AS r, LATERAL json_items(r.rule->'Ipv6Ranges') AS s(item)
    UNION ALL
    SELECT r.*, NULL AS named_range, (s.item->>'PrefixListId') AS prefix_list_id
    FROM rule AS r, LATERAL json_items(r.rule->'PrefixListIds') AS s(item)
),

prefix_list AS (
    SELECT
        r.tenant_id, r.connection_id, r.scope, (r.body->>'PrefixListId') AS prefix_list_id,
        (SELECT count(*) FROM json_items(r.body->'Entries') AS e(item)) AS entries
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.ec2_prefix_list' AND json_is_array(r.body->'Entries')
),

entry AS (
    SELECT
        r.tenant_id, r.connection_id, r.scope, (r.body->>'PrefixListId') AS prefix_list_id,
        (e.item->>'Cidr') AS address_range
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'Entries') AS e(item)
    WHERE r.stream = 'aws.ec2_prefix_list'
),

source AS (
    SELECT
        n.tenant_id, n.connection_id, n.account_id, n.scope, n.resource_id AS group_arn, n.observed_at, n.collected_at,
        n.evidence_sha256, n.protocol, n.prefix_list_id,
        CASE WHEN n.all_ports THEN 0 ELSE n.from_port END AS from_port,
        CASE WHEN n.all_ports THEN 65535 ELSE n.to_port END AS to_port,
        coalesce(n.named_range, e.address_range) AS address_range
    FROM named AS n
    LEFT JOIN prefix_list AS p
        ON p.tenant_id = n.tenant_id AND p.connection_id = n.connection_id AND p.scope = n.scope
        AND p.prefix_list_id = n.prefix_list_id
    LEFT JOIN entry AS e
        ON e.tenant_id = n.tenant_id AND e.connection_id = n.connection_id AND e.scope = n.scope
        AND e.prefix_list_id = n.prefix_list_id
    -- A prefix list without entries admits nobody.
    WHERE p.entries IS NULL OR p.entries > 0
)

SELECT
    s.tenant_id, s.connection_id, s.account_id, s.scope,
    s.group_arn || '#' || row_number() OVER (
        PARTITION BY s.tenant_id, s.connection_id, s.group_arn
        ORDER BY md5(
            s.protocol || ' ' || coalesce(CAST(s.from_port AS VARCHAR), '') || ' '
            || coalesce(CAST(s.to_port AS VARCHAR), '') || ' ' || coalesce(s.address_range, '') || ' '
            || coalesce(s.prefix_list_id, '')
        )
    ) AS resource_id,
    s.observed_at, s.collected_at, s.evidence_sha256,
    s.group_arn, s.protocol, s.from_port, s.to_port, s.address_range, s.prefix_list_id,
    ip_family(s.address_range) AS family,
    ip_public_addresses(s.address_range) AS public_addresses
FROM source AS s
