-- The rooms of the warehouse. Every tenant table's key starts with tenant_id. Portable: DuckDB and Postgres run this file.

CREATE SCHEMA IF NOT EXISTS ops;
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS catalogue;
CREATE SCHEMA IF NOT EXISTS facts;
CREATE SCHEMA IF NOT EXISTS verdict;
CREATE SCHEMA IF NOT EXISTS mart_v1;

-- The as-of time of the facts that now stand in facts.*: one row. Replay is the same SQL with an older time.
CREATE TABLE ops.clock (as_of TIMESTAMPTZ NOT NULL);

-- What is expected to be collected.
CREATE TABLE raw.unit (
    tenant_id     VARCHAR NOT NULL,
    connection_id VARCHAR NOT NULL,
    source        VARCHAR NOT NULL,
    account_id    VARCHAR NOT NULL,
    stream        VARCHAR NOT NULL,
    scope         VARCHAR NOT NULL,
    valid_from    TIMESTAMPTZ NOT NULL,
    valid_to      TIMESTAMPTZ
);

-- One row a collection of a connection that began: what has no receipt since the last plan was cut off (KSM-001).
CREATE TABLE raw.plan (
    tenant_id     VARCHAR NOT NULL,
    connection_id VARCHAR NOT NULL,
    planned_at    TIMESTAMPTZ NOT NULL,
    superseded_at TIMESTAMPTZ,
    units         INTEGER NOT NULL,
    recorded_at   TIMESTAMPTZ NOT NULL
);

-- One row a collection: what it proves. superseded_at is when the next collection of the same unit ended.
CREATE TABLE raw.receipt (
    tenant_id        VARCHAR NOT NULL,
    collection_id    VARCHAR NOT NULL,
    connection_id    VARCHAR NOT NULL,
    source           VARCHAR NOT NULL,
    account_id       VARCHAR NOT NULL,
    stream           VARCHAR NOT NULL,
    scope            VARCHAR NOT NULL,
    outcome          VARCHAR NOT NULL,
    lists_all        BOOLEAN NOT NULL,
    pages            INTEGER NOT NULL,
    records          INTEGER NOT NULL,
    declared_total   INTEGER,
    declared_by      VARCHAR,
    error            VARCHAR,
    parameters       JSON,
    started_at       TIMESTAMPTZ NOT NULL,
    finished_at      TIMESTAMPTZ NOT NULL,
    superseded_at    TIMESTAMPTZ,
    code_version     VARCHAR NOT NULL,
    receipt_sha256   VARCHAR NOT NULL,
    records_sha256   VARCHAR,
    contents_sha256  VARCHAR NOT NULL,
    last_page_sha256 VARCHAR,
    ledger_sequence  BIGINT NOT NULL,
    recorded_at      TIMESTAMPTZ NOT NULL
);

-- What a collection could not read: one resource, or (resource_id NULL) the listing itself.
CREATE TABLE raw.receipt_error (
    tenant_id     VARCHAR NOT NULL,
    collection_id VARCHAR NOT NULL,
    connection_id VARCHAR NOT NULL,
    stream        VARCHAR NOT NULL,
    scope         VARCHAR NOT NULL,
    resource_id   VARCHAR,
    reason        VARCHAR NOT NULL,
    operation     VARCHAR NOT NULL,
    message       VARCHAR NOT NULL
);

-- How far each tenant's ledger has been landed.
CREATE TABLE raw.ledger_position (
    tenant_id  VARCHAR NOT NULL,
    sequence   BIGINT NOT NULL,
    end_offset BIGINT NOT NULL
);

-- Resources' raw JSON as versions: a day on which nothing changed adds no row.
CREATE TABLE raw.record (
    tenant_id       VARCHAR NOT NULL,
    connection_id   VARCHAR NOT NULL,
    source          VARCHAR NOT NULL,
    account_id      VARCHAR NOT NULL,
    stream          VARCHAR NOT NULL,
    scope           VARCHAR NOT NULL,
    resource_id     VARCHAR NOT NULL,
    content_hash    VARCHAR NOT NULL,
    body            JSON NOT NULL,
    evidence_sha256 VARCHAR,
    observed_at     TIMESTAMPTZ,
    collected_at    TIMESTAMPTZ NOT NULL,
    valid_from      TIMESTAMPTZ NOT NULL,
    valid_to        TIMESTAMPTZ,
    recorded_at     TIMESTAMPTZ NOT NULL
);

-- The units that were expected at ops.clock.
CREATE VIEW raw.unit_asof AS
SELECT u.*
FROM raw.unit AS u
CROSS JOIN ops.clock AS c
WHERE u.valid_from <= c.as_of AND (u.valid_to IS NULL OR u.valid_to > c.as_of);

-- The versions that were valid at ops.clock, of connections that were there then: the only records that facts read.
CREATE VIEW raw.record_asof AS
SELECT r.*
FROM raw.record AS r
CROSS JOIN ops.clock AS c
WHERE r.valid_from <= c.as_of
    AND (r.valid_to IS NULL OR r.valid_to > c.as_of)
    AND EXISTS (
        SELECT 1
        FROM raw.unit_asof AS u
        WHERE u.tenant_id = r.tenant_id
            AND u.connection_id = r.connection_id
            AND u.stream = r.stream
            AND u.scope = r.scope
    );

-- The last collection of every expected unit at ops.clock; a unit that was never collected has NULLs.
CREATE VIEW raw.last_receipt_asof AS
SELECT
    u.tenant_id, u.connection_id, u.source, u.account_id, u.stream, u.scope, u.valid_from AS expected_since,
    CASE WHEN p.planned_at >= u.valid_from THEN p.planned_at END AS planned_at, r.collection_id, r.outcome, r.lists_all, r.pages, r.records, r.declared_total, r.declared_by, r.error, r.started_at,
    r.finished_at, r.receipt_sha256, r.last_page_sha256
FROM raw.unit_asof AS u
LEFT JOIN (
    SELECT q.*
    FROM raw.receipt AS q
    CROSS JOIN ops.clock AS c
    WHERE q.finished_at <= c.as_of AND (q.superseded_at IS NULL OR q.superseded_at > c.as_of)
) AS r
    ON r.tenant_id = u.tenant_id AND r.connection_id = u.connection_id AND r.stream = u.stream AND r.scope = u.scope
LEFT JOIN (
    SELECT q.*
    FROM raw.plan AS q
    CROSS JOIN ops.clock AS c
    WHERE q.planned_at <= c.as_of AND (q.superseded_at IS NULL OR q.superseded_at > c.as_of)
) AS p
    ON p.tenant_id = u.tenant_id AND p.connection_id = u.connection_id;

-- The catalogue, as the last evaluation read it.
CREATE TABLE catalogue.check_definition (
    check_id        VARCHAR NOT NULL,
    title           VARCHAR NOT NULL,
    severity        VARCHAR NOT NULL,
    source          VARCHAR NOT NULL,
    resource_type   VARCHAR NOT NULL,
    population      VARCHAR NOT NULL,
    freshness_hours INTEGER NOT NULL,
    remediation     VARCHAR NOT NULL,
    unknown_when    VARCHAR NOT NULL,
    check_version   VARCHAR NOT NULL
);
CREATE TABLE catalogue.check_stream (
    check_id        VARCHAR NOT NULL,
    stream          VARCHAR NOT NULL,
    stream_source   VARCHAR NOT NULL,
    check_source    VARCHAR NOT NULL,
    is_population   BOOLEAN NOT NULL,
    freshness_hours INTEGER NOT NULL
);
CREATE TABLE catalogue.check_dependency (check_id VARCHAR NOT NULL, depends_on VARCHAR NOT NULL);
CREATE TABLE catalogue.fact_stream (fact_table VARCHAR NOT NULL, stream VARCHAR NOT NULL);
CREATE TABLE catalogue.control (
    control_id  VARCHAR NOT NULL,
    title       VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    owner       VARCHAR NOT NULL
);
CREATE TABLE catalogue.control_check (control_id VARCHAR NOT NULL, check_id VARCHAR NOT NULL);
CREATE TABLE catalogue.control_criterion (
    control_id   VARCHAR NOT NULL,
    framework    VARCHAR NOT NULL,
    criterion_id VARCHAR NOT NULL
);
CREATE TABLE catalogue.criterion (
    framework    VARCHAR NOT NULL,
    criterion_id VARCHAR NOT NULL,
    position     INTEGER NOT NULL,
    title        VARCHAR NOT NULL,
    evidence     VARCHAR NOT NULL
);

-- Records that a fact table could not read: the field is missing, renamed or retyped. They stay in the population.
CREATE TABLE facts.quarantine (
    fact_table    VARCHAR NOT NULL,
    tenant_id     VARCHAR NOT NULL,
    connection_id VARCHAR NOT NULL,
    scope         VARCHAR NOT NULL,
    resource_id   VARCHAR NOT NULL,
    missing       VARCHAR NOT NULL
);

-- Verdicts as intervals. A new evaluation closes and adds; it never rewrites what was said.
CREATE TABLE verdict.check_result (
    tenant_id       VARCHAR NOT NULL,
    check_id        VARCHAR NOT NULL,
    connection_id   VARCHAR NOT NULL,
    resource_id     VARCHAR NOT NULL,
    status          VARCHAR NOT NULL,
    reason          VARCHAR,
    evidence_sha256 VARCHAR,
    check_version   VARCHAR NOT NULL,
    valid_from      TIMESTAMPTZ NOT NULL,
    valid_to        TIMESTAMPTZ,
    recorded_at     TIMESTAMPTZ NOT NULL
);

-- The words for UNKNOWN, the most telling first.
CREATE TABLE verdict.reason (priority INTEGER NOT NULL, reason VARCHAR NOT NULL);
INSERT INTO verdict.reason VALUES
    (1, 'denied'), (2, 'not_collected'), (3, 'incomplete'), (4, 'quarantined'), (5, 'stale'), (6, 'depends_on_unknown');

-- Until when the current verdicts of a check hold without a new reading.
CREATE TABLE verdict.freshness (
    tenant_id     VARCHAR NOT NULL,
    connection_id VARCHAR NOT NULL,
    check_id      VARCHAR NOT NULL,
    collected_at  TIMESTAMPTZ,
    fresh_until   TIMESTAMPTZ
);

-- Who is judged, and by which frameworks.
CREATE TABLE verdict.tenant (tenant_id VARCHAR NOT NULL, name VARCHAR);
CREATE TABLE verdict.tenant_framework (tenant_id VARCHAR NOT NULL, framework VARCHAR NOT NULL);

-- One row an evaluation.
CREATE TABLE verdict.evaluation (
    as_of       TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    checks      INTEGER NOT NULL,
    results     BIGINT NOT NULL,
    opened      BIGINT NOT NULL,
    closed      BIGINT NOT NULL
);

-- One row an evaluation and check: its version, how many verdicts it gave, and what the engine refused, if anything.
CREATE TABLE verdict.evaluated_check (
    as_of         TIMESTAMPTZ NOT NULL,
    check_id      VARCHAR NOT NULL,
    check_version VARCHAR NOT NULL,
    results       BIGINT NOT NULL,
    error         VARCHAR
);
