/*
table: aws_ec2_security_group
title: Security groups, used or not
# EC2 gives every rule its lists of sources, some of them empty; a rule without them is not understood.
streams: [aws.ec2_security_group]
required: [group_id, group_name, are_rules_known]
columns:
  inbound_rules: How many inbound rules it has
  outbound_rules: How many outbound rules it has
  are_rules_known: TRUE where protocol, ports and sources of every inbound rule were understood, else NULL
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'GroupId') AS group_id,
    (r.body->>'GroupName') AS group_name,
    (r.body->>'VpcId') AS vpc_id,
    (SELECT count(*) FROM json_items(r.body->'IpPermissions') AS i(item)) AS inbound_rules,
    (SELECT count(*) FROM json_items(r.body->'IpPermissionsEgress') AS i(item)) AS outbound_rules,
    CASE
        WHEN json_is_array(r.body->'IpPermissions') AND json_is_array(r.body->'IpPermissionsEgress')
            AND NOT EXISTS (
                SELECT 1
                FROM json_items(r.body->'IpPermissions') AS i(item)
                WHERE (i.item->>'IpProtocol') IS NULL
                    OR ((i.item->>'IpProtocol') IN ('tcp', 'udp', '6', '17')
                        AND (as_integer((i.item->>'FromPort')) IS NULL OR as_integer((i.item->>'ToPort')) IS NULL))
                    OR json_is_array(i.item->'IpRanges') IS NOT TRUE
                    OR json_is_array(i.item->'Ipv6Ranges') IS NOT TRUE
                    OR json_is_array(i.item->'PrefixListIds') IS NOT TRUE
                    OR EXISTS (
                        SELECT 1 FROM json_items(i.item->'IpRanges') AS s(item)
                        WHERE ip_public_addresses((s.item->>'CidrIp')) IS NULL
                    )
                    OR EXISTS (
                        SELECT 1 FROM json_items(i.item->'Ipv6Ranges') AS s(item)
                        WHERE ip_public_addresses((s.item->>'CidrIpv6')) IS NULL
                    )
                    OR EXISTS (
                        SELECT 1 FROM json_items(i.item->'PrefixListIds') AS s(item)
                        WHERE (s.item->>'PrefixListId') IS NULL
                    )
            )
        THEN TRUE
    END AS are_rules_known
FROM raw.record_asof AS r
WHERE r.stream = 'aws.ec2_security_group'
