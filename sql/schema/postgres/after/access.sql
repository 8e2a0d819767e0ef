-- Who may read what, as a person: grants, the log of entries, and what each role of persons sees. Run by kushim_owner before
-- walls.sql, which calls ops.open_to_persons for every table and view. docs/access.md is the same for people.

-- A room of the owner's own: what belongs to no tenant alone, and decides who is let in. Everybody else reads it by the
-- views ops.access_grant and ops.access_log, and by functions.
CREATE SCHEMA IF NOT EXISTS access;
REVOKE ALL ON SCHEMA access FROM PUBLIC;

CREATE TABLE IF NOT EXISTS access.grants (
    grant_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   varchar NOT NULL CHECK (tenant_id = '*' OR tenant_id ~ '^[a-z0-9-]{1,40}$'),
    login       varchar NOT NULL,
    role        varchar NOT NULL CHECK (role IN ('admin', 'operator', 'compliance_manager', 'auditor', 'viewer')),
    framework   varchar,
    window_from date,
    window_to   date,
    controls    text[] CHECK (cardinality(controls) > 0 AND array_to_string(controls, '') ~ '^[A-Z0-9*-]+$'),
    granted_by  varchar NOT NULL,
    granted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL CHECK (isfinite(expires_at)),
    revoked_at  timestamptz,
    revoked_by  varchar,
    CONSTRAINT any_tenant_is_for_the_pipelines_people CHECK (tenant_id <> '*' OR role IN ('admin', 'operator')),
    CONSTRAINT an_auditor_has_a_framework_and_a_window CHECK (
        (role = 'auditor') = (framework IS NOT NULL AND window_from IS NOT NULL AND window_to IS NOT NULL)
        AND (role = 'auditor' OR (framework IS NULL AND window_from IS NULL AND window_to IS NULL))
    ),
    CONSTRAINT a_window_has_two_ends CHECK (isfinite(window_from) AND isfinite(window_to) AND window_from <= window_to),
    CONSTRAINT controls_limit_verdicts CHECK (controls IS NULL OR role NOT IN ('admin', 'operator')),
    CONSTRAINT a_revocation_names_who CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX IF NOT EXISTS grants_login ON access.grants (login, tenant_id);

-- An entry's number is drawn in the session that enters, and only that session can prove that it drew it (currval): a
-- process id would come back, a setting could be set by anybody.
CREATE SEQUENCE IF NOT EXISTS access.entry_number AS bigint;
CREATE TABLE IF NOT EXISTS access.entries (
    entry_id       bigint PRIMARY KEY,
    tenant_id      varchar NOT NULL,
    login          varchar NOT NULL,
    role           varchar NOT NULL,
    framework      varchar,
    grant_id       bigint NOT NULL,
    entered_at     timestamptz NOT NULL,
    -- The transaction that wrote this: nothing is read in it, since a rollback would take the entry away again.
    entered_in     xid8 NOT NULL,
    backend_pid    integer NOT NULL,
    client_address inet,
    application    varchar
);
CREATE INDEX IF NOT EXISTS entries_login ON access.entries (login, entered_at);
CREATE INDEX IF NOT EXISTS entries_tenant ON access.entries (tenant_id, entered_at);

-- What makes a masked name a tenant's own: without it a list of likely names could be tried. Nobody but the owner reads it.
CREATE TABLE IF NOT EXISTS access.mask_salt (tenant_id varchar PRIMARY KEY, salt bytea NOT NULL);

-- Every mapping that the catalogue ever held. A check that left the catalogue leaves its history to those who may read it.
CREATE TABLE IF NOT EXISTS access.every_control_check (control_id varchar, check_id varchar, PRIMARY KEY (control_id, check_id));
CREATE TABLE IF NOT EXISTS access.every_control_framework (
    control_id varchar, framework varchar, PRIMARY KEY (control_id, framework)
);
CREATE TABLE IF NOT EXISTS access.every_check_stream (check_id varchar, stream varchar, PRIMARY KEY (check_id, stream));

-- The resource types that name people, from kushim_pipeline/catalogue/personal.yaml (a test compares). A type that does not
-- stand here is masked too.
CREATE TABLE IF NOT EXISTS access.resource_type (resource_type varchar PRIMARY KEY, is_personal boolean NOT NULL);
CREATE TABLE IF NOT EXISTS access.plain_reason (check_id varchar PRIMARY KEY);
DELETE FROM access.resource_type;
INSERT INTO access.resource_type VALUES
    -- generated: resource_types
    ('aws.access_analyzer.finding', FALSE),
    ('aws.account', FALSE),
    ('aws.acm.certificate', FALSE),
    ('aws.backup.job', FALSE),
    ('aws.backup.resource', FALSE),
    ('aws.cloudtrail.event', FALSE),
    ('aws.cloudtrail.trail', FALSE),
    ('aws.dynamodb.table', FALSE),
    ('aws.ebs.volume', FALSE),
    ('aws.ec2.instance', FALSE),
    ('aws.ec2.security_group', FALSE),
    ('aws.ecr.repository', FALSE),
    ('aws.edge.endpoint', FALSE),
    ('aws.guardduty.finding', FALSE),
    ('aws.iam.access_key', TRUE),
    ('aws.iam.policy', FALSE),
    ('aws.iam.role', FALSE),
    ('aws.iam.user', TRUE),
    ('aws.inspector.finding', FALSE),
    ('aws.kms.key', FALSE),
    ('aws.lambda.function', FALSE),
    ('aws.log_store', FALSE),
    ('aws.rds.instance', FALSE),
    ('aws.region', FALSE),
    ('aws.s3.bucket', FALSE),
    ('aws.scan_target', FALSE),
    ('aws.secretsmanager.secret', FALSE),
    ('aws.snapshot', FALSE),
    ('aws.vpc', FALSE),
    ('aws.workload', FALSE),
    ('github.branch', FALSE),
    ('github.commit', FALSE),
    ('github.credential', FALSE),
    ('github.dependabot_alert', FALSE),
    ('github.organization', FALSE),
    ('github.pull_request', FALSE),
    ('github.repository', FALSE),
    ('github.secret_alert', FALSE),
    ('github.user', TRUE),
    ('jira.issue', FALSE),
    ('jira.project', FALSE),
    ('jira.user', TRUE),
    ('kushim.collection', FALSE),
    ('okta.access_review', TRUE),
    ('okta.api_token', FALSE),
    ('okta.app', FALSE),
    ('okta.authenticator', FALSE),
    ('okta.event', FALSE),
    ('okta.policy', FALSE),
    ('okta.user', TRUE),
    ('slack.app', FALSE),
    ('slack.channel', FALSE),
    ('slack.user', TRUE)
    -- end
;
DELETE FROM access.plain_reason;
INSERT INTO access.plain_reason VALUES
    -- generated: reasons
    ('AWS-IAM-004'),
    ('AWS-IAM-005'),
    ('AWS-IAM-006'),
    ('AWS-IAM-009'),
    ('AWS-IAM-011'),
    ('GH-ORG-002'),
    ('GH-ORG-003'),
    ('GH-ORG-004'),
    ('GH-ORG-006'),
    ('GH-ORG-007'),
    ('OKTA-ADM-001'),
    ('OKTA-LIF-001'),
    ('OKTA-LIF-002'),
    ('OKTA-MFA-002'),
    ('OKTA-MFA-003'),
    ('OKTA-REV-001'),
    ('OKTA-USR-000'),
    ('SLK-ACC-001'),
    ('SLK-ACC-002'),
    ('SLK-ADM-001'),
    ('SLK-MFA-001'),
    ('SLK-USR-000')
    -- end
;

DO $tables$
DECLARE
    kept name;
BEGIN
    FOR kept IN SELECT c.relname FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = 'access'::regnamespace AND c.relkind = 'r' AND NOT c.relforcerowsecurity LOOP
        -- Nobody but the owner has any right here; that no row passes without a policy either is the second lock.
        EXECUTE format('ALTER TABLE access.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', kept);
        EXECUTE format('CREATE POLICY owner ON access.%I TO kushim_owner USING (true) WITH CHECK (true)', kept);
    END LOOP;
END
$tables$;

-- A grant is written once; it may only be revoked, or end sooner. An entry of the log is never touched again.
CREATE OR REPLACE FUNCTION ops.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'grants' THEN
        IF to_jsonb(NEW) - '{expires_at,revoked_at,revoked_by}'::text[]
                = to_jsonb(OLD) - '{expires_at,revoked_at,revoked_by}'::text[]
            AND NEW.expires_at <= OLD.expires_at
            AND (OLD.revoked_at IS NULL OR (NEW.revoked_at = OLD.revoked_at AND NEW.revoked_by = OLD.revoked_by)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('access.%s is append-only: a grant may be revoked or end sooner, nothing else changes', TG_TABLE_NAME);
END
$$;
DO $append$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['grants', 'entries'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON access.%I '
            'FOR EACH ROW EXECUTE FUNCTION ops.refuse_change()', kept);
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only_whole BEFORE TRUNCATE ON access.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change()', kept);
    END LOOP;
END
$append$;

-- The catalogue is written anew by every evaluation; what it said before is kept here.
CREATE OR REPLACE FUNCTION ops.remember_catalogue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'control_check' THEN
            INSERT INTO access.every_control_check
            SELECT DISTINCT k.control_id, k.check_id FROM catalogue.control_check AS k ON CONFLICT DO NOTHING;
        WHEN 'control_criterion' THEN
            INSERT INTO access.every_control_framework
            SELECT DISTINCT k.control_id, k.framework FROM catalogue.control_criterion AS k ON CONFLICT DO NOTHING;
        ELSE
            INSERT INTO access.every_check_stream
            SELECT DISTINCT k.check_id, k.stream FROM catalogue.check_stream AS k ON CONFLICT DO NOTHING;
    END CASE;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ops.remember_catalogue() IS 'definer: the loader writes the catalogue, only the owner what it once said';
CREATE OR REPLACE TRIGGER remember AFTER INSERT ON catalogue.control_check
    FOR EACH STATEMENT EXECUTE FUNCTION ops.remember_catalogue();
CREATE OR REPLACE TRIGGER remember AFTER INSERT ON catalogue.control_criterion
    FOR EACH STATEMENT EXECUTE FUNCTION ops.remember_catalogue();
CREATE OR REPLACE TRIGGER remember AFTER INSERT ON catalogue.check_stream
    FOR EACH STATEMENT EXECUTE FUNCTION ops.remember_catalogue();
INSERT INTO access.every_control_check
SELECT DISTINCT k.control_id, k.check_id FROM catalogue.control_check AS k ON CONFLICT DO NOTHING;
INSERT INTO access.every_control_framework
SELECT DISTINCT k.control_id, k.framework FROM catalogue.control_criterion AS k ON CONFLICT DO NOTHING;
INSERT INTO access.every_check_stream
SELECT DISTINCT k.check_id, k.stream FROM catalogue.check_stream AS k ON CONFLICT DO NOTHING;

-- Whether this session belongs to a person, whose every reading needs a grant and an entry; the rule of ops.tenant().
CREATE OR REPLACE FUNCTION ops.is_person() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN pg_has_role(session_user, 'kushim_person', 'MEMBER')
        AND NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = session_user);
END
$$;

-- A person's session begins here: SELECT ops.enter('acme'). An auditor of two frameworks says which:
-- SELECT ops.enter('acme', 'soc2').
CREATE OR REPLACE FUNCTION ops.enter(wanted text, in_framework text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given   access.grants[];
    chosen  access.grants;
    ended   access.grants;
    belongs text[];
    entry   bigint;
BEGIN
    IF NOT ops.is_person() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%s is not a person''s login: only persons enter, services set app.tenant', session_user);
    END IF;
    IF wanted IS NULL OR wanted !~ '^[a-z0-9-]{1,40}$' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'that is no tenant''s id: small letters, digits and hyphens, one tenant at a time';
    END IF;
    SELECT array_agg(g ORDER BY g.tenant_id = '*', g.grant_id) INTO given
    FROM access.grants AS g
    WHERE g.login = session_user AND g.tenant_id IN (wanted, '*') AND (in_framework IS NULL OR g.framework = in_framework)
        AND g.revoked_at IS NULL AND g.expires_at > clock_timestamp();
    IF given IS NULL THEN
        SELECT g.* INTO ended FROM access.grants AS g
        WHERE g.login = session_user AND g.tenant_id IN (wanted, '*')
            AND (in_framework IS NULL OR g.framework = in_framework)
        ORDER BY coalesce(g.revoked_at, g.expires_at) DESC LIMIT 1;
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = CASE
                WHEN ended.revoked_at IS NOT NULL THEN format('the access of %s to %s was revoked on %s UTC', session_user,
                    wanted, to_char(ended.revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))
                WHEN ended.expires_at IS NOT NULL THEN format('the access of %s to %s ended on %s UTC', session_user,
                    wanted, to_char(ended.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))
                ELSE format('%s has no grant for the tenant %s%s', session_user, wanted, ' and the framework ' || in_framework)
            END,
            HINT = 'kushim access grant gives access, for a time';
    END IF;
    chosen := given[1];
    IF cardinality(given) > 1 AND given[2].tenant_id = chosen.tenant_id THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('%s has several grants for %s: say for which framework, one of %s', session_user, wanted,
                (SELECT string_agg(g.framework, ', ' ORDER BY g.framework) FROM unnest(given) AS g)),
            HINT = format('SELECT ops.enter(%L, %L)', wanted, chosen.framework);
    END IF;
    SELECT array_agg(r.rolname::text ORDER BY r.rolname) INTO belongs
    FROM pg_roles AS r
    WHERE r.rolname <> session_user AND pg_has_role(session_user, r.oid, 'MEMBER');
    IF NOT (belongs @> ARRAY['kushim_' || chosen.role, 'kushim_person'] AND cardinality(belongs) = 2) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%s is granted the role %s and belongs to %s: a person''s login has exactly one role',
                session_user, chosen.role, array_to_string(belongs, ', '));
    END IF;

    entry := nextval('access.entry_number');
    INSERT INTO access.entries (entry_id, tenant_id, login, role, framework, grant_id, entered_at, entered_in, backend_pid,
        client_address, application)
    VALUES (entry, wanted, session_user, chosen.role, chosen.framework, chosen.grant_id, clock_timestamp(),
        pg_current_xact_id(), pg_backend_pid(), inet_client_addr(), current_setting('application_name'));
    IF chosen.role = 'viewer' THEN
        INSERT INTO access.mask_salt
        VALUES (wanted, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')))
        ON CONFLICT DO NOTHING;
    END IF;
    PERFORM set_config('app.tenant', wanted, false), set_config('app.entry', entry::text, false),
        -- The log's entry is on disk before anything is read; and a parallel worker could not prove that it entered.
        set_config('synchronous_commit', 'on', true), set_config('max_parallel_workers_per_gather', '0', false);
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION ops.enter(text, text) IS 'definer: reads grants and writes the log, which persons may not';

-- The live grant by which this session entered; raises where there is none, or it ended since. The owner's functions only.
CREATE OR REPLACE FUNCTION ops.current_grant() RETURNS access.grants
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entry   access.entries;
    granted access.grants;
    problem text;
    advice  text := 'SELECT ops.enter(''THE TENANT''), then COMMIT if a transaction is open';
BEGIN
    IF coalesce(current_setting('app.entry', true), '') = '' THEN
        problem := format('%s has not entered a tenant: a person''s session begins with ops.enter', session_user);
    ELSIF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        problem := 'a person reads with isolation level READ COMMITTED only: an older snapshot would not see a revocation';
        advice := 'BEGIN ISOLATION LEVEL READ COMMITTED';
    ELSE
        SELECT l.* INTO entry FROM access.entries AS l
        WHERE l.entry_id = currval('access.entry_number') AND l.login = session_user
            AND l.entry_id::text = current_setting('app.entry', true);
        IF entry.entry_id IS NULL THEN
            problem := format('the entry of %s is not in the log: it was rolled back, or is another session''s', session_user);
        ELSIF entry.entered_in IS NOT DISTINCT FROM pg_current_xact_id_if_assigned() THEN
            problem := format('the entry into %s is not committed yet, and nothing is read unlogged', entry.tenant_id);
            advice := 'COMMIT';
        ELSE
            SELECT g.* INTO granted FROM access.grants AS g WHERE g.grant_id = entry.grant_id;
            advice := 'kushim access grant gives access, for a time';
            IF granted.revoked_at IS NOT NULL THEN
                problem := format('the access of %s to %s was revoked on %s UTC', session_user, entry.tenant_id,
                    to_char(granted.revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
            ELSIF granted.expires_at > clock_timestamp() AND granted.tenant_id IN (entry.tenant_id, '*') THEN
                granted.tenant_id := entry.tenant_id;
                RETURN granted;
            ELSE
                problem := format('the access of %s to %s ended on %s UTC', session_user, entry.tenant_id,
                    to_char(granted.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = problem, HINT = advice;
END
$$;
COMMENT ON FUNCTION ops.current_grant() IS 'definer: reads the grants and the log of entries; the owner''s functions only';

-- What ops.tenant() asks about a person.
CREATE OR REPLACE FUNCTION ops.granted_tenant(wanted text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granted access.grants := ops.current_grant();
BEGIN
    IF granted.tenant_id IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('this session has entered %s, not %s', granted.tenant_id, wanted),
            HINT = format('SELECT ops.enter(%L)', wanted);
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION ops.granted_tenant(text) IS 'definer: reads the grants of persons, which they may not read';

-- What the policies below ask, each once a statement. Whoever is no person is not limited.
CREATE OR REPLACE FUNCTION ops.grant_is_limited() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granted access.grants;
BEGIN
    IF NOT ops.is_person() THEN
        RETURN FALSE;
    END IF;
    granted := ops.current_grant();
    RETURN granted.framework IS NOT NULL OR granted.controls IS NOT NULL;
END
$$;
COMMENT ON FUNCTION ops.grant_is_limited() IS 'definer: tells of the session''s own grant only';

CREATE OR REPLACE FUNCTION ops.granted_checks() RETURNS SETOF varchar
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granted access.grants := ops.current_grant();
BEGIN
    RETURN QUERY
    SELECT DISTINCT k.check_id
    FROM access.every_control_check AS k
    WHERE (granted.framework IS NULL OR EXISTS (
            SELECT FROM access.every_control_framework AS f
            WHERE f.control_id = k.control_id AND f.framework = granted.framework
        ))
        AND (granted.controls IS NULL OR EXISTS (
            SELECT FROM unnest(granted.controls) AS p(pattern) WHERE k.control_id LIKE replace(p.pattern, '*', '%')
        ));
END
$$;
COMMENT ON FUNCTION ops.granted_checks() IS 'definer: tells of the session''s own grant only';

CREATE OR REPLACE FUNCTION ops.granted_streams() RETURNS SETOF varchar
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT s.stream FROM access.every_check_stream AS s WHERE s.check_id IN (SELECT ops.granted_checks())
    UNION
    -- The thresholds that checks read.
    SELECT 'kushim.policy';
END
$$;
COMMENT ON FUNCTION ops.granted_streams() IS 'definer: tells of the session''s own grant only';

CREATE OR REPLACE FUNCTION ops.granted_populations() RETURNS SETOF varchar
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT d.population FROM catalogue.check_definition AS d WHERE d.check_id IN (SELECT ops.granted_checks());
END
$$;
COMMENT ON FUNCTION ops.granted_populations() IS 'definer: tells of the session''s own grant only';

-- The frameworks whose controls may be shown. A control of which only some checks may be read has no status that is true
-- for this person, so its framework is left out.
CREATE OR REPLACE FUNCTION ops.granted_frameworks() RETURNS SETOF varchar
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granted access.grants := ops.current_grant();
BEGIN
    RETURN QUERY
    WITH readable AS (SELECT c.check_id FROM ops.granted_checks() AS c(check_id))
    SELECT DISTINCT f.framework
    FROM catalogue.control_criterion AS f
    WHERE (granted.framework IS NULL OR f.framework = granted.framework)
        AND f.framework NOT IN (
            SELECT q.framework FROM catalogue.control_criterion AS q JOIN (
                SELECT k.control_id
                FROM catalogue.control_check AS k
                GROUP BY k.control_id
                HAVING count(*) FILTER (WHERE k.check_id IN (SELECT r.check_id FROM readable AS r)) NOT IN (0, count(*))
            ) AS partly ON partly.control_id = q.control_id
        );
END
$$;
COMMENT ON FUNCTION ops.granted_frameworks() IS 'definer: tells of the session''s own grant only';

-- An auditor's window: from its first moment to the first one after it, in UTC.
CREATE OR REPLACE FUNCTION ops.window_start() RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (ops.current_grant()).window_from::timestamp AT TIME ZONE 'UTC';
END
$$;
COMMENT ON FUNCTION ops.window_start() IS 'definer: tells of the session''s own grant only';
CREATE OR REPLACE FUNCTION ops.window_end() RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ((ops.current_grant()).window_to + 1)::timestamp AT TIME ZONE 'UTC';
END
$$;
COMMENT ON FUNCTION ops.window_end() IS 'definer: tells of the session''s own grant only';

-- The policy of a table for persons with a limited grant, by its columns; NULL where nothing in it is about a check.
CREATE OR REPLACE FUNCTION ops.policy_of_grant(here text, in_schema text, in_table text, columns name[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    named text;
BEGIN
    named := CASE
        WHEN here IN ('verdict.tenant', 'raw.plan', 'raw.ledger_position', 'facts.tenant_policy', 'facts.kushim_tenant')
            THEN NULL
        WHEN here = 'raw.record' THEN
            'stream IN (SELECT ops.granted_streams()) OR (stream = ''kushim.exception'' '
            'AND (body->>''check'') IN (SELECT ops.granted_checks()))'
        WHEN 'check_id' = ANY (columns) THEN 'check_id IN (SELECT ops.granted_checks())'
        WHEN 'stream' = ANY (columns) THEN 'stream IN (SELECT ops.granted_streams())'
        WHEN 'fact_table' = ANY (columns) THEN 'fact_table IN (SELECT ops.granted_populations())'
        WHEN 'framework' = ANY (columns) THEN 'framework IN (SELECT ops.granted_frameworks())'
        WHEN in_schema = 'facts' THEN format('(SELECT %L IN (SELECT ops.granted_populations()))', in_table)
        ELSE 'FALSE'
    END;
    RETURN 'NOT (SELECT ops.grant_is_limited()) OR ' || named;
END
$$;

-- The policy of a table for auditors: what held in the window. NULL where a table has no time, or needs none of it.
CREATE OR REPLACE FUNCTION ops.policy_of_window(here text, columns name[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held text[] := CASE
        WHEN columns @> '{valid_from,valid_to}' THEN '{valid_from,valid_to}'
        WHEN here = 'raw.receipt' THEN '{finished_at,superseded_at}'
        WHEN here = 'raw.plan' THEN '{planned_at,superseded_at}'
    END;
BEGIN
    RETURN CASE
        WHEN held IS NOT NULL THEN format('%1$I < (SELECT ops.window_end()) '
            'AND (%2$I IS NULL OR %2$I > (SELECT ops.window_start()))', held[1], held[2])
        WHEN here = 'raw.receipt_error' THEN 'EXISTS (SELECT FROM raw.receipt AS r '
            'WHERE r.tenant_id = receipt_error.tenant_id AND r.collection_id = receipt_error.collection_id)'
        -- Counts of what stands now, which is none of an auditor's business outside the window.
        WHEN here = 'verdict.check_status'
            THEN '(SELECT now() >= ops.window_start() AND now() < ops.window_end())'
        -- Sums of all changes up to a day: those before the window are needed for the first day in it.
        WHEN here = 'verdict.daily_change' THEN 'day < (SELECT CAST(ops.window_end() AT TIME ZONE ''UTC'' AS date))'
    END;
END
$$;

-- Open a table or view to the persons who may read it, and no more of it than their grants say. Called by the walls for
-- every table and view; what is not named here stays shut. kushim_pipeline/access/roles.py holds the same, a test compares.
CREATE OR REPLACE FUNCTION ops.open_to_persons(in_schema text, in_table text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    here    text := format('%I.%I', in_schema, in_table);
    this    oid := here::regclass;
    readers text[];
    columns name[];
    wanted  record;
BEGIN
    readers := CASE
        WHEN in_schema = 'catalogue' OR here IN ('verdict.reason', 'ops.clock') THEN '{person}'
        WHEN here IN ('mart_v1.receipt', 'mart_v1.source_health', 'raw.unit', 'raw.plan', 'raw.receipt',
            'raw.receipt_error', 'raw.unit_asof', 'raw.last_receipt_asof') THEN '{compliance_manager,auditor,operator}'
        WHEN here = 'raw.ledger_position' THEN '{compliance_manager,operator}'
        WHEN in_schema = 'mart_v1' OR here IN ('raw.record', 'raw.record_asof', 'verdict.check_result', 'verdict.freshness',
            'verdict.check_status', 'verdict.daily_change', 'verdict.tenant', 'verdict.tenant_framework')
            THEN '{compliance_manager,auditor}'
        WHEN in_schema IN ('facts', 'raw', 'verdict') AND here <> 'verdict.evaluation' THEN '{compliance_manager}'
        ELSE '{}'
    END;
    FOR wanted IN
        SELECT r.word, r.word = ANY (readers) AS may FROM unnest(
            '{person,compliance_manager,auditor,operator,viewer,admin}'::text[]) AS r(word)
    LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', here, 'kushim_' || wanted.word);
        IF wanted.may THEN
            EXECUTE format('GRANT SELECT ON TABLE %s TO %I', here, 'kushim_' || wanted.word);
        END IF;
    END LOOP;
    IF here = 'verdict.evaluation' THEN
        -- Its other columns count over all tenants.
        EXECUTE 'GRANT SELECT (as_of) ON TABLE verdict.evaluation '
            'TO kushim_compliance_manager, kushim_auditor, kushim_operator';
    END IF;

    SELECT array_agg(a.attname) INTO columns
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    WHERE a.attrelid = this AND a.attnum > 0 AND NOT a.attisdropped;
    IF columns IS NULL OR 'tenant_id' <> ALL (columns) THEN
        RETURN;
    END IF;
    -- Nothing that is done already is done again, so that readers are not kept waiting.
    FOR wanted IN
        SELECT w.policy, w.roles, w.rule, p.oid IS NOT NULL AS found
        FROM (VALUES
            -- The owner too: it is who the viewers' functions read as.
            ('granted'::name, 'kushim_person, kushim_owner', ops.policy_of_grant(here, in_schema, in_table, columns)),
            ('in_window', 'kushim_auditor', ops.policy_of_window(here, columns))
        ) AS w(policy, roles, rule)
        LEFT JOIN pg_policy AS p ON p.polrelid = this AND p.polname = w.policy
        WHERE coalesce(obj_description(p.oid, 'pg_policy'), '') <> coalesce(md5(w.roles || w.rule), '')
    LOOP
        IF wanted.found THEN
            EXECUTE format('DROP POLICY %I ON %s', wanted.policy, here);
        END IF;
        IF wanted.rule IS NOT NULL THEN
            EXECUTE format('CREATE POLICY %I ON %s AS RESTRICTIVE FOR SELECT TO %s USING (%s)',
                wanted.policy, here, wanted.roles, wanted.rule);
            EXECUTE format('COMMENT ON POLICY %I ON %s IS %L', wanted.policy, here, md5(wanted.roles || wanted.rule));
        END IF;
    END LOOP;
END
$$;

-- Grants and log as a person may see them, without having entered a tenant: their own, an admin everybody's.
CREATE OR REPLACE FUNCTION ops.visible_grants() RETURNS SETOF access.grants
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_admin boolean := EXISTS (
        SELECT FROM access.grants AS a
        WHERE a.login = session_user AND a.role = 'admin' AND a.revoked_at IS NULL AND a.expires_at > clock_timestamp()
    );
BEGIN
    RETURN QUERY SELECT g.* FROM access.grants AS g WHERE g.login = session_user OR is_admin ORDER BY g.grant_id;
END
$$;
COMMENT ON FUNCTION ops.visible_grants() IS 'definer: shows a person their own grants, an admin all';
CREATE OR REPLACE FUNCTION ops.visible_log() RETURNS SETOF access.entries
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_admin boolean := EXISTS (
        SELECT FROM access.grants AS a
        WHERE a.login = session_user AND a.role = 'admin' AND a.revoked_at IS NULL AND a.expires_at > clock_timestamp()
    );
BEGIN
    RETURN QUERY SELECT l.* FROM access.entries AS l WHERE l.login = session_user OR is_admin ORDER BY l.entry_id;
END
$$;
COMMENT ON FUNCTION ops.visible_log() IS 'definer: shows a person their own entries, an admin all';
CREATE OR REPLACE VIEW ops.access_grant WITH (security_invoker = true) AS SELECT g.* FROM ops.visible_grants() AS g;
CREATE OR REPLACE VIEW ops.access_log WITH (security_invoker = true) AS SELECT l.* FROM ops.visible_log() AS l;

DO $functions$
DECLARE
    called text;
BEGIN
    FOR called IN
        SELECT p.oid::regprocedure::text FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'ops'::regnamespace AND p.proname IN ('enter', 'current_grant', 'granted_tenant', 'is_person',
            'grant_is_limited', 'granted_checks', 'granted_streams', 'granted_populations', 'granted_frameworks',
            'window_start', 'window_end', 'policy_of_grant', 'policy_of_window', 'open_to_persons', 'visible_grants',
            'visible_log', 'refuse_change', 'remember_catalogue')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', called);
    END LOOP;
    GRANT EXECUTE ON FUNCTION ops.enter(text, text), ops.granted_tenant(text), ops.is_person(), ops.grant_is_limited(),
        ops.granted_checks(), ops.granted_streams(), ops.granted_populations(), ops.granted_frameworks(),
        ops.visible_grants(), ops.visible_log()
        TO kushim_person;
    GRANT SELECT ON TABLE ops.access_grant, ops.access_log TO kushim_person;
    GRANT EXECUTE ON FUNCTION ops.window_start(), ops.window_end() TO kushim_auditor;
END
$functions$;
