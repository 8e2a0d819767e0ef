/*
table: aws_ec2_flow_log
title: Flow logs of networks, subnets and network interfaces
streams: [aws.ec2_flow_log]
required: [target_id, flow_log_status]
columns:
  target_id: The VPC, subnet or network interface that is recorded
  flow_log_status: ACTIVE, or anything else for not recording
  delivery_status: SUCCESS or FAILED; NULL before the first delivery
  traffic_type: ACCEPT, REJECT or ALL
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'ResourceId') AS target_id,
    (r.body->>'FlowLogStatus') AS flow_log_status,
    (r.body->>'DeliverLogsStatus') AS delivery_status,
    (r.body->>'TrafficType') AS traffic_type
FROM raw.record_asof AS r
WHERE r.stream = 'aws.ec2_flow_log'
