/*
table: file_training
title: Who was assigned which training, and when it was completed
streams: [file.training]
required: [person_id, course]
columns:
  person_id: The person, as the HR list names them
  email: The e-mail address, in lower case
  course: The training
  assigned_at: The day of assignment, in UTC
  due_at: The end of the last day on which it may be completed, in UTC
  completed_at: The day of completion, in UTC; NULL while it is not completed
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'person_id') AS person_id,
    NULLIF(lower(trim(r.body->>'email')), '') AS email,
    (r.body->>'course') AS course,
    as_timestamp((r.body->>'assigned_on') || 'T00:00:00Z') AS assigned_at,
    as_timestamp((r.body->>'due_on') || 'T00:00:00Z') + INTERVAL '1 day' AS due_at,
    as_timestamp((r.body->>'completed_on') || 'T00:00:00Z') AS completed_at
FROM raw.record_asof AS r
WHERE r.stream = 'file.training'
