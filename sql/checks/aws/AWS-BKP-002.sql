/*
id: AWS-BKP-002
title: Scheduled backup jobs succeeded through the window
# Days are those of UTC. A job that failed and was repeated with success on its day counts as done.
severity: high
resource_type: aws.backup.job
population: aws_backup_job_day
streams: [aws.backup_job, aws.backup_plan]
freshness_hours: 36
policy: [backup_max_lag_hours]
unknown_when: >-
  Jobs or plans of the region were not read whole. AWS lists the jobs of thirty days, which is the window; Kushim
  reads them on.
criteria:
  soc2: [A1.2]
  iso27001: [A.8.13]
  nist_csf: [PR.DS-11]
  hipaa: ["164.308(a)(7)(ii)(A)"]
remediation: >-
  Look into the job's message, repair its cause (the role, the vault, its key), and back the resource up by hand
  meanwhile.
*/
SELECT
    d.tenant_id,
    d.resource_id,
    CASE
        WHEN d.completed = 0 THEN 'FAIL'
        WHEN d.is_daily AND d.days_since_last > 1 THEN 'FAIL'
        WHEN d.is_daily AND d.is_last AND d.day < CAST(c.as_of - p.backup_max_lag_hours * INTERVAL '1 hour' AS DATE)
        THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN d.completed = 0 THEN 'no backup of the day completed'
        WHEN d.is_daily AND d.days_since_last > 1
        THEN 'no job ran for ' || (d.days_since_last - 1) || ' days before, and the plan asks for one a day'
        WHEN d.is_daily AND d.is_last AND d.day < CAST(c.as_of - p.backup_max_lag_hours * INTERVAL '1 hour' AS DATE)
        THEN 'no job has run since, and the plan asks for one a day'
        ELSE 'a backup of the day completed'
    END AS reason
FROM facts.aws_backup_job_day AS d
JOIN facts.tenant_policy AS p ON p.tenant_id = d.tenant_id
CROSS JOIN ops.clock AS c
