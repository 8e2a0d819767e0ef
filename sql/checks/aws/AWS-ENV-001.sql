/*
id: AWS-ENV-001
title: Production workloads run in accounts separate from non-production
severity: medium
resource_type: aws.account
population: aws_account
streams: [aws.account, aws.organization, aws.ec2_vpc, aws.rds_instance, aws.rds_cluster, aws.s3_bucket,
  aws.s3_bucket_tagging]
freshness_hours: 36
policy: [production_accounts, non_production_accounts, production_tag_key, production_tag_values, non_production_tag_values]
unknown_when: >-
  Nothing says whether the account is production and what is in it does not contradict itself, or accounts, the
  organisation, networks, databases, buckets or tags of buckets were not read; or only a list of the organisation's
  accounts says it that is older than 36 hours.
criteria:
  soc2: [CC8.1]
  iso27001: [A.8.31]
  nist_csf: [PR.IR-01]
  pci_dss: ["6.5.3"]
remediation: >-
  Move what is not production into an account of its own, and say of each account what it is: by its tag in AWS
  Organizations, by its organisational unit, or under production_accounts and non_production_accounts.
*/
WITH declared AS (
    SELECT
        o.tenant_id, o.account_number,
        CASE WHEN min(o.environment) = max(o.environment) THEN min(o.environment) END AS environment,
        min(o.collected_at) >= min(c.as_of) - INTERVAL '36 hours' AS is_fresh
    FROM facts.aws_organization_account AS o
    CROSS JOIN ops.clock AS c
    WHERE o.kind = 'listed'
    GROUP BY o.tenant_id, o.account_number
),

thing AS (
    SELECT v.tenant_id, v.connection_id, v.environment FROM facts.aws_vpc AS v
    UNION ALL
    SELECT d.tenant_id, d.connection_id, d.environment FROM facts.aws_rds_instance AS d
    UNION ALL
    SELECT b.tenant_id, b.connection_id, b.environment FROM facts.aws_s3_bucket AS b
),

held AS (
    SELECT
        t.tenant_id, t.connection_id,
        count(*) FILTER (WHERE t.environment = 'production') AS production,
        count(*) FILTER (WHERE t.environment = 'non_production') AS non_production
    FROM thing AS t
    GROUP BY t.tenant_id, t.connection_id
),

account AS (
    SELECT
        a.tenant_id, a.resource_id,
        CASE
            WHEN json_holds(p.production_accounts, a.account_id) THEN 'production'
            WHEN json_holds(p.non_production_accounts, a.account_id) THEN 'non_production'
            WHEN d.is_fresh THEN d.environment
        END AS environment,
        d.environment IS NOT NULL AND NOT d.is_fresh AS is_stale,
        coalesce(h.production, 0) AS production,
        coalesce(h.non_production, 0) AS non_production
    FROM facts.aws_account AS a
    JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
    LEFT JOIN declared AS d ON d.tenant_id = a.tenant_id AND d.account_number = a.account_id
    LEFT JOIN held AS h ON h.tenant_id = a.tenant_id AND h.connection_id = a.connection_id
)

SELECT
    a.tenant_id,
    a.resource_id,
    CASE
        WHEN a.production > 0 AND a.non_production > 0 THEN 'FAIL'
        WHEN a.environment = 'production' THEN CASE WHEN a.non_production > 0 THEN 'FAIL' ELSE 'PASS' END
        WHEN a.environment = 'non_production' THEN CASE WHEN a.production > 0 THEN 'FAIL' ELSE 'PASS' END
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN a.production > 0 AND a.non_production > 0
        THEN 'beside ' || a.production || ' resources of production it holds ' || a.non_production || ' of other environments'
        WHEN a.environment = 'production' AND a.non_production > 0
        THEN 'a production account holds ' || a.non_production || ' resources of other environments'
        WHEN a.environment = 'non_production' AND a.production > 0
        THEN 'an account of another environment holds ' || a.production || ' resources of production'
        WHEN a.environment = 'production' THEN 'the account holds production alone'
        WHEN a.environment = 'non_production' THEN 'the account holds nothing of production'
        WHEN a.is_stale THEN 'stale'
        ELSE 'incomplete'
    END AS reason
FROM account AS a
