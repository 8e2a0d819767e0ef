-- Between facts and verdicts, for one evaluation: what blocks a verdict, and the verdicts before they become intervals.

DROP TABLE IF EXISTS stage_unit_state;
DROP TABLE IF EXISTS stage_problem;
DROP TABLE IF EXISTS stage_block;
DROP TABLE IF EXISTS stage_verdict;
DROP TABLE IF EXISTS stage_check;
DROP TABLE IF EXISTS stage_freshness;
DROP TABLE IF EXISTS stage_closing;

CREATE TEMPORARY TABLE stage_unit_state (
    tenant_id        VARCHAR NOT NULL,
    connection_id    VARCHAR NOT NULL,
    source           VARCHAR NOT NULL,
    account_id       VARCHAR NOT NULL,
    stream           VARCHAR NOT NULL,
    scope            VARCHAR NOT NULL,
    collection_id    VARCHAR,
    collected_at     TIMESTAMPTZ,
    evidence_sha256  VARCHAR,
    reason           VARCHAR
);
CREATE TEMPORARY TABLE stage_problem (
    check_id        VARCHAR NOT NULL,
    tenant_id       VARCHAR NOT NULL,
    connection_id   VARCHAR NOT NULL,
    account_id      VARCHAR NOT NULL,
    scope           VARCHAR NOT NULL,
    resource_id     VARCHAR,
    is_population   BOOLEAN NOT NULL,
    priority        INTEGER NOT NULL,
    evidence_sha256 VARCHAR,
    in_population   BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE TEMPORARY TABLE stage_block (
    check_id        VARCHAR NOT NULL,
    tenant_id       VARCHAR NOT NULL,
    connection_id   VARCHAR NOT NULL,
    scope           VARCHAR NOT NULL,
    priority        INTEGER NOT NULL,
    evidence_sha256 VARCHAR,
    hides_rows      BOOLEAN NOT NULL
);
CREATE TEMPORARY TABLE stage_verdict (
    tenant_id       VARCHAR NOT NULL,
    check_id        VARCHAR NOT NULL,
    connection_id   VARCHAR NOT NULL,
    scope           VARCHAR NOT NULL,
    resource_id     VARCHAR NOT NULL,
    status          VARCHAR,
    reason          VARCHAR,
    evidence_sha256 VARCHAR
);
CREATE TEMPORARY TABLE stage_check (check_id VARCHAR NOT NULL, check_version VARCHAR NOT NULL, error VARCHAR);

CREATE TEMPORARY TABLE stage_freshness (
    tenant_id     VARCHAR NOT NULL,
    connection_id VARCHAR NOT NULL,
    check_id      VARCHAR NOT NULL,
    collected_at  TIMESTAMPTZ,
    fresh_until   TIMESTAMPTZ
);

-- The intervals that end with this evaluation: because their evidence ran out, or because it says something else.
CREATE TEMPORARY TABLE stage_closing (
    tenant_id       VARCHAR NOT NULL,
    check_id        VARCHAR NOT NULL,
    connection_id   VARCHAR NOT NULL,
    resource_id     VARCHAR NOT NULL,
    status          VARCHAR NOT NULL,
    evidence_sha256 VARCHAR,
    check_version   VARCHAR NOT NULL,
    valid_from      TIMESTAMPTZ NOT NULL,
    ended_at        TIMESTAMPTZ NOT NULL,
    ran_out         BOOLEAN NOT NULL
);
