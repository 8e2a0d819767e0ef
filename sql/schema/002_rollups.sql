-- What readers ask for most, counted at every evaluation, so that no page counts millions of verdicts.

-- How many verdicts of each status stand, by check and connection. Whether they have gone stale since is the reader's clock.
CREATE TABLE verdict.check_status (
    tenant_id     VARCHAR NOT NULL,
    check_id      VARCHAR NOT NULL,
    connection_id VARCHAR NOT NULL,
    status        VARCHAR NOT NULL,
    results       BIGINT NOT NULL
);

-- By how many the verdicts of a status grew or shrank on a day (UTC). Only days with a change have a row; the sum up to a
-- day is what stood at its end.
CREATE TABLE verdict.daily_change (
    tenant_id VARCHAR NOT NULL,
    check_id  VARCHAR NOT NULL,
    source    VARCHAR NOT NULL,
    status    VARCHAR NOT NULL,
    day       DATE NOT NULL,
    step      BIGINT NOT NULL
);

INSERT INTO verdict.check_status
SELECT o.tenant_id, o.check_id, o.connection_id, o.status, count(*)
FROM verdict.check_result AS o
WHERE o.valid_to IS NULL
GROUP BY o.tenant_id, o.check_id, o.connection_id, o.status;

INSERT INTO verdict.daily_change
SELECT c.tenant_id, c.check_id, c.source, c.status, c.day, sum(c.step)
FROM (
    SELECT o.tenant_id, o.check_id, split_part(o.connection_id, ':', 1) AS source, o.status,
        CAST(o.valid_from AS DATE) AS day, 1 AS step
    FROM verdict.check_result AS o
    UNION ALL
    SELECT o.tenant_id, o.check_id, split_part(o.connection_id, ':', 1), o.status, CAST(o.valid_to AS DATE), -1
    FROM verdict.check_result AS o
    WHERE o.valid_to IS NOT NULL
) AS c
GROUP BY c.tenant_id, c.check_id, c.source, c.status, c.day
HAVING sum(c.step) <> 0;
