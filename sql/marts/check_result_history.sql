/*
title: Every verdict that was ever given, as intervals
columns:
  valid_from: from when the verdict held, as of the evaluation's time
  valid_to: until when; empty while it holds
  recorded_at: when it was written down
*/
CREATE OR REPLACE VIEW mart_v1.check_result_history AS
SELECT
    o.tenant_id, o.check_id, o.connection_id, o.resource_id, o.status, o.reason, o.evidence_sha256, o.check_version,
    o.valid_from, o.valid_to, o.recorded_at
FROM verdict.check_result AS o;
