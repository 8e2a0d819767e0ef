/*
table: file_person
title: Everybody on the HR list, leavers with their last day
streams: [file.person]
required: [email]
columns:
  email: The e-mail address, in lower case
  name: The name
  kind: employee, contractor or whatever the list calls it
  status: The list's own word for whether the person works here
  department: Where the person works
  manager_id: The person_id of who leads the person
  started_at: The beginning of the first day, in UTC
  left_at: The end of the last day, in UTC; NULL where none is given
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    NULLIF(lower(trim(r.body->>'email')), '') AS email,
    (r.body->>'name') AS name,
    (r.body->>'kind') AS kind,
    (r.body->>'status') AS status,
    (r.body->>'department') AS department,
    (r.body->>'manager_id') AS manager_id,
    as_timestamp((r.body->>'start_date') || 'T00:00:00Z') AS started_at,
    as_timestamp((r.body->>'end_date') || 'T00:00:00Z') + INTERVAL '1 day' AS left_at
FROM raw.record_asof AS r
WHERE r.stream = 'file.person'
