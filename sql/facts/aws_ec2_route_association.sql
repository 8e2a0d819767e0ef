/*
table: aws_ec2_route_association
title: Which route table a subnet or a whole VPC uses, and whether it leads to the internet
streams: [aws.ec2_route_table]
columns:
  subnet_id: The subnet that uses the table; NULL where it is the main table of the VPC
  is_main: Whether subnets without a table of their own use it
  has_internet_route: Whether an active route leads to an internet gateway
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope,
    r.resource_id || '#' || row_number() OVER (
        PARTITION BY r.tenant_id, r.connection_id, r.resource_id ORDER BY md5(CAST(a.item AS VARCHAR))
    ) AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'VpcId') AS vpc_id,
    (a.item->>'SubnetId') AS subnet_id,
    coalesce(as_boolean((a.item->>'Main')), FALSE) AS is_main,
    CASE
        WHEN json_is_array(r.body->'Routes') THEN EXISTS (
            SELECT 1
            FROM json_items(r.body->'Routes') AS t(item)
            WHERE (t.item->>'GatewayId') LIKE 'igw-%' AND coalesce((t.item->>'State'), 'active') <> 'blackhole'
        )
    END AS has_internet_route
FROM raw.record_asof AS r, LATERAL json_items(r.body->'Associations') AS a(item)
WHERE r.stream = 'aws.ec2_route_table'
    AND ((a.item->>'SubnetId') IS NOT NULL OR as_boolean((a.item->>'Main')))
