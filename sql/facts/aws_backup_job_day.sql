/*
table: aws_backup_job_day
title: Backups by resource and day, as AWS Backup's plans asked for them
# Jobs that somebody began by hand are not the schedule's. The parts of a composite job count with their parent. A job that
# is still under way says nothing yet.
streams: [aws.backup_job, aws.backup_plan]
population_streams: [aws.backup_job]
required: [backed_up_arn, day]
columns:
  backed_up_arn: What was backed up
  day: The day, in UTC, on which the jobs were to begin
  completed: How many of them completed
  failed: How many failed, were aborted or expired, or left parts out
  days_since_last: How many days before there had been a job of this resource; NULL for the first of the window
  is_last: Whether it is the resource's last day with a job
  is_daily: Whether a plan's rule asks for a job every day
*/
WITH rule AS (
    SELECT DISTINCT
        p.tenant_id, p.connection_id, p.scope, (l.item->>'RuleId') AS rule_id,
        lower((l.item->>'ScheduleExpression'))
            ~ '^(cron[(][0-9*,/-]+ [0-9*,/-]+ ([?*]|1/1) [*] ([?*]|1-7|sun-sat) [*][)]|rate[(](1 day|[0-9]+ hours?)[)])$'
            AS is_daily
    FROM raw.record_asof AS p, LATERAL json_items(p.body->'BackupPlan'->'Rules') AS l(item)
    WHERE p.stream = 'aws.backup_plan'
),

job AS (
    SELECT
        r.*,
        (r.body->>'ResourceArn') AS backed_up_arn,
        CAST(as_timestamp((r.body->>'CreationDate')) AT TIME ZONE 'UTC' AS DATE) AS day,
        (r.body->>'State') AS state,
        coalesce(u.is_daily, FALSE) AS is_daily
    FROM raw.record_asof AS r
    LEFT JOIN rule AS u
        ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.scope = r.scope
        AND u.rule_id = (r.body->'CreatedBy'->>'BackupRuleId')
    WHERE r.stream = 'aws.backup_job'
        AND (r.body->'CreatedBy'->>'BackupPlanId') IS NOT NULL
        AND (r.body->>'ParentJobId') IS NULL
        AND coalesce((r.body->>'State'), '') NOT IN ('CREATED', 'PENDING', 'RUNNING', 'ABORTING')
),

by_day AS (
    SELECT
        r.tenant_id, r.connection_id, min(r.account_id) AS account_id, r.scope,
        coalesce(r.backed_up_arn || '@' || CAST(r.day AS VARCHAR), min(r.resource_id)) AS resource_id,
        max(r.observed_at) AS observed_at, max(r.collected_at) AS collected_at,
        max(r.evidence_sha256) AS evidence_sha256,
        r.backed_up_arn, r.day,
        count(*) FILTER (WHERE r.state = 'COMPLETED') AS completed,
        count(*) FILTER (WHERE r.state IN ('FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL')) AS failed,
        bool_or(r.is_daily) AS is_daily
    FROM job AS r
    GROUP BY r.tenant_id, r.connection_id, r.scope, r.backed_up_arn, r.day
)

SELECT
    r.*,
    CAST(
        r.day - lag(r.day) OVER (PARTITION BY r.tenant_id, r.connection_id, r.scope, r.backed_up_arn ORDER BY r.day)
        AS BIGINT
    ) AS days_since_last,
    lead(r.day) OVER (PARTITION BY r.tenant_id, r.connection_id, r.scope, r.backed_up_arn ORDER BY r.day) IS NULL
        AS is_last
FROM by_day AS r
