-- What viewers see: the state now, with people masked. A view over base tables would need its reader to have their columns,
-- so these stand on functions that the owner runs; the walls and the limits of the grant hold for the owner too.

-- The same name in the same tenant is the same mask; in another tenant, or without the salt, it is another.
CREATE OR REPLACE FUNCTION ops.masked(resource text, salt bytea) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN 'person-' || left(encode(
    pg_catalog.sha256(salt || pg_catalog.sha256(salt || pg_catalog.convert_to(resource, 'UTF8'))), 'hex'
), 12);

CREATE OR REPLACE FUNCTION ops.viewer_check_result() RETURNS TABLE (
    tenant_id varchar, check_id varchar, source varchar, resource_type varchar, resource_id varchar, status varchar,
    reason varchar, severity varchar, observed_at timestamptz, evidence_sha256 varchar, connection_id varchar, title varchar,
    check_version varchar, since timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    here text := ops.tenant();
    salt bytea;
BEGIN
    SELECT s.salt INTO STRICT salt FROM access.mask_salt AS s WHERE s.tenant_id = here;
    RETURN QUERY
    SELECT
        q.tenant_id::varchar, q.check_id::varchar, q.source::varchar, q.resource_type::varchar, q.shown::varchar,
        q.status::varchar,
        CASE
            -- The words for UNKNOWN, and what is said of a whole population, name nobody.
            WHEN q.status IN ('UNKNOWN', 'NOT_APPLICABLE') THEN q.reason
            -- The full text names who approved it.
            WHEN q.status = 'EXCEPTED' THEN 'under an approved exception'
            WHEN NOT q.is_person THEN q.reason
            WHEN q.check_id IN (SELECT p.check_id FROM access.plain_reason AS p) THEN q.reason
            ELSE 'not shown: it may name a person'
        END::varchar,
        q.severity::varchar, q.observed_at,
        CASE WHEN NOT q.is_person THEN q.evidence_sha256 END::varchar,
        q.connection_id::varchar, q.title::varchar, q.check_version::varchar, q.since
    FROM (
        SELECT r.*, k.is_person, CASE WHEN k.is_person THEN ops.masked(r.resource_id, salt) ELSE r.resource_id END AS shown
        FROM mart_v1.check_result AS r
        LEFT JOIN access.resource_type AS t ON t.resource_type = r.resource_type
        CROSS JOIN LATERAL (
            -- The account that stands for a population which was not read is no person.
            SELECT coalesce(t.is_personal, TRUE)
                AND r.resource_id <> substr(r.connection_id, strpos(r.connection_id, ':') + 1) AS is_person
        ) AS k
        WHERE r.tenant_id = here
    ) AS q
    -- By what is shown: the order of the table would give away the order of the names.
    ORDER BY q.check_id, q.shown, q.connection_id, q.status;
END
$$;
COMMENT ON FUNCTION ops.viewer_check_result() IS 'definer: masks what viewers may not read, in the tenant they entered';

CREATE OR REPLACE FUNCTION ops.viewer_control_status() RETURNS TABLE (
    tenant_id varchar, framework varchar, criterion_id varchar, control_id varchar, title varchar, status varchar,
    pass bigint, fail bigint, unknown bigint, not_applicable bigint, excepted bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        s.tenant_id::varchar, s.framework::varchar, s.criterion_id::varchar, s.control_id::varchar, s.title::varchar,
        s.status::varchar, s.pass::bigint, s.fail::bigint, s.unknown::bigint, s.not_applicable::bigint, s.excepted::bigint
    FROM mart_v1.control_status AS s
    WHERE s.tenant_id = ops.tenant()
    ORDER BY s.framework, s.criterion_id, s.control_id;
END
$$;
COMMENT ON FUNCTION ops.viewer_control_status() IS 'definer: counts what viewers may not read, in the tenant they entered';

CREATE OR REPLACE FUNCTION ops.viewer_criterion_status() RETURNS TABLE (
    tenant_id varchar, framework varchar, criterion_id varchar, "position" integer, title varchar, status varchar,
    automated boolean, controls bigint, controls_pass bigint, controls_fail bigint, controls_unknown bigint,
    controls_not_applicable bigint, controls_excepted bigint, evidence varchar
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        s.tenant_id::varchar, s.framework::varchar, s.criterion_id::varchar, s.position::integer, s.title::varchar,
        s.status::varchar, s.automated, s.controls::bigint, s.controls_pass::bigint, s.controls_fail::bigint,
        s.controls_unknown::bigint, s.controls_not_applicable::bigint, s.controls_excepted::bigint, s.evidence::varchar
    FROM mart_v1.criterion_status AS s
    WHERE s.tenant_id = ops.tenant()
    ORDER BY s.framework, s.position;
END
$$;
COMMENT ON FUNCTION ops.viewer_criterion_status() IS 'definer: counts what viewers may not read, in the tenant they entered';

CREATE OR REPLACE FUNCTION ops.viewer_posture() RETURNS TABLE (
    tenant_id varchar, source varchar, day date, status varchar, results bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT s.tenant_id::varchar, s.source::varchar, s.day, s.status::varchar, s.results::bigint
    FROM mart_v1.posture AS s
    WHERE s.tenant_id = ops.tenant()
    ORDER BY s.source, s.day, s.status;
END
$$;
COMMENT ON FUNCTION ops.viewer_posture() IS 'definer: counts what viewers may not read, in the tenant they entered';

-- Without the vendor's own words for what went wrong: they often name the user who was denied.
CREATE OR REPLACE FUNCTION ops.viewer_source_health() RETURNS TABLE (
    tenant_id varchar, connection_id varchar, source varchar, stream varchar, scope varchar, last_outcome varchar,
    last_collected_at timestamptz, age_hours double precision, population integer, declared_total integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        s.tenant_id::varchar, s.connection_id::varchar, s.source::varchar, s.stream::varchar, s.scope::varchar,
        s.last_outcome::varchar, s.last_collected_at, s.age_hours::double precision, s.population::integer,
        s.declared_total::integer
    FROM mart_v1.source_health AS s
    WHERE s.tenant_id = ops.tenant()
    ORDER BY s.connection_id, s.stream, s.scope;
END
$$;
COMMENT ON FUNCTION ops.viewer_source_health() IS 'definer: shows the health of sources in the tenant that the viewer entered';

CREATE SCHEMA IF NOT EXISTS viewer_v1;
REVOKE ALL ON SCHEMA viewer_v1 FROM PUBLIC;
GRANT USAGE ON SCHEMA viewer_v1 TO kushim_viewer;
CREATE OR REPLACE VIEW viewer_v1.check_result WITH (security_invoker = true) AS
SELECT r.* FROM ops.viewer_check_result() AS r;
CREATE OR REPLACE VIEW viewer_v1.control_status WITH (security_invoker = true) AS
SELECT r.* FROM ops.viewer_control_status() AS r;
CREATE OR REPLACE VIEW viewer_v1.criterion_status WITH (security_invoker = true) AS
SELECT r.* FROM ops.viewer_criterion_status() AS r;
CREATE OR REPLACE VIEW viewer_v1.posture WITH (security_invoker = true) AS
SELECT r.* FROM ops.viewer_posture() AS r;
CREATE OR REPLACE VIEW viewer_v1.source_health WITH (security_invoker = true) AS
SELECT r.* FROM ops.viewer_source_health() AS r;

DO $grants$
DECLARE
    made text;
BEGIN
    FOR made IN
        SELECT p.oid::regprocedure::text FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'ops'::regnamespace AND (p.proname LIKE 'viewer\_%' OR p.proname = 'masked')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
        IF made LIKE 'ops.viewer\_%' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kushim_viewer', made);
        END IF;
    END LOOP;
    GRANT SELECT ON ALL TABLES IN SCHEMA viewer_v1 TO kushim_viewer;
END
$grants$;
