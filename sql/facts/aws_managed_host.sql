/*
table: aws_managed_host
title: Hosts that SSM manages, with how far each is patched
# A host that SSM manages and that never was scanned for patches has no patch state.
streams: [aws.ssm_instance, aws.ssm_patch_state]
population_streams: [aws.ssm_instance]
required: [host_id]
columns:
  ping_status: Online, ConnectionLost or Inactive
  is_scanned: Whether a patch state was read
  missing_patches: Patches of the baseline that are not installed; NULL where that was not read
  failed_patches: Patches that could not be installed
  pending_reboot: Patches that wait for a restart
  scanned_at: When it was last scanned or patched
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'InstanceId') AS host_id,
    (r.body->>'PingStatus') AS ping_status,
    (r.body->>'PlatformName') AS platform,
    p.body IS NOT NULL AS is_scanned,
    as_integer((p.body->>'MissingCount')) AS missing_patches,
    as_integer((p.body->>'FailedCount')) AS failed_patches,
    as_integer((p.body->>'InstalledPendingRebootCount')) AS pending_reboot,
    as_timestamp((p.body->>'OperationEndTime')) AS scanned_at
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS p
    ON p.stream = 'aws.ssm_patch_state'
    AND p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
WHERE r.stream = 'aws.ssm_instance'
