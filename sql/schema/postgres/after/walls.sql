-- The walls between tenants, enforced by the database itself. Run by kushim_owner, behind every migration; docs/walls.md
-- says what they keep out. walls_gaps.sql finds what breaks them.

-- Nothing that the owner makes from here on is anybody's to run, unless it is granted.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The schemas whose every table has a wall, or no reader.
CREATE OR REPLACE FUNCTION ops.walled_schemas() RETURNS name[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['raw', 'facts', 'verdict', 'ops', 'vault']::name[];

-- The columns whose words are the same for all tenants, and so may be counted for the planner. What the planner counts
-- (most common values, histograms) anybody can read off its estimates, so no other column of a tenant's is counted.
CREATE OR REPLACE FUNCTION ops.is_shared_word(of_column name, of_type oid) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN of_column = ANY ('{check_id,status,stream,source,outcome,scope,valid_to,superseded_at}'::name[])
    OR (of_column LIKE 'is\_%' AND of_type = 'pg_catalog.bool'::pg_catalog.regtype);

-- How closely the planner may look at a column of a tenant's table: not at all, or at a shared word, the default. Of times
-- it needs to know how many are NULL, so it keeps no more than one common value and the bounds.
CREATE OR REPLACE FUNCTION ops.statistics_target(of_column name, of_type oid) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN NOT ops.is_shared_word(of_column, of_type) THEN 0
    WHEN of_type = 'pg_catalog.timestamptz'::pg_catalog.regtype THEN 1
    ELSE -1
END;

-- The tenant that this session reads; raises when none is set, so that an unset tenant never looks like an empty one.
-- A person's login, unlike a service's, is not believed: it needs a grant that is alive.
--
-- It claims to cost nothing so that the wall is tested before a reader's own condition. Comparisons that cannot leak count
-- as harmless to the planner, and the cheaper of two conditions goes first: `resource_id = 'theirs'` would come before the
-- wall, which would then raise (a tenant unset in the middle of the statement) only where the value exists.
CREATE OR REPLACE FUNCTION ops.tenant() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1e-30
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text := current_setting('app.tenant', true);
BEGIN
    IF wanted IS NULL OR wanted = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'no tenant is set, and rows are read one tenant at a time',
            HINT = 'in the same transaction, first: SELECT set_config(''app.tenant'', ''THE TENANT'', true)';
    END IF;
    IF pg_has_role(session_user, 'kushim_person', 'MEMBER')
        AND NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = session_user) THEN
        RETURN ops.granted_tenant(wanted);
    END IF;
    RETURN wanted;
END
$$;

-- Until access.sql says who is granted what, nobody is.
DO $first$
BEGIN
    IF to_regprocedure('ops.granted_tenant(text)') IS NULL THEN
        CREATE FUNCTION ops.granted_tenant(wanted text) RETURNS text
        LANGUAGE plpgsql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        AS $$
        BEGIN
            RAISE EXCEPTION USING
                ERRCODE = 'insufficient_privilege',
                MESSAGE = format('%s has no grant for this tenant', session_user);
        END
        $$;
        COMMENT ON FUNCTION ops.granted_tenant(text) IS 'definer: reads the grants of persons, which they may not read';
    END IF;
END
$first$;

-- Put a table behind its wall: row-level security, policies, grants, statistics. A table without tenants is open to
-- readers only where it stands in the list here. Does nothing that is done already, so it takes no locks the next time.
CREATE OR REPLACE FUNCTION ops.wall_off(in_schema text, in_table text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    here        text := format('%I.%I', in_schema, in_table);
    this        oid := here::regclass;
    of_tenants  boolean;
    named       record;
    word        record;
BEGIN
    IF in_schema <> ALL (ops.walled_schemas() || '{catalogue}'::name[]) THEN
        RAISE EXCEPTION 'the schema % is not one that walls are built in', in_schema;
    END IF;
    of_tenants := EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = this AND a.attname = 'tenant_id' AND NOT a.attisdropped
    );

    IF of_tenants THEN
        IF NOT (SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class AS c WHERE c.oid = this) THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', here);
        END IF;
        FOR named IN
            SELECT w.polname, p.oid IS NOT NULL AS found
            FROM (VALUES ('loader'::name), ('tenant')) AS w(polname)
            LEFT JOIN pg_policy AS p ON p.polrelid = this AND p.polname = w.polname
            WHERE p.oid IS NULL OR NOT ops.is_wall(p.oid)
        LOOP
            IF named.found THEN
                EXECUTE format('DROP POLICY %I ON %s', named.polname, here);
            END IF;
            EXECUTE format(
                CASE named.polname
                    WHEN 'loader' THEN 'CREATE POLICY loader ON %s TO kushim_loader USING (true) WITH CHECK (true)'
                    ELSE 'CREATE POLICY tenant ON %s TO kushim_reader, kushim_app, kushim_person, kushim_owner '
                        'USING (tenant_id = ops.tenant()) WITH CHECK (tenant_id = ops.tenant())'
                END,
                here
            );
        END LOOP;
        FOR word IN
            SELECT a.attname, ops.statistics_target(a.attname, a.atttypid) AS target
            FROM pg_attribute AS a
            WHERE a.attrelid = this AND a.attnum > 0 AND NOT a.attisdropped
                AND coalesce(a.attstattarget, -1) <> ops.statistics_target(a.attname, a.atttypid)
        LOOP
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', here, word.attname, word.target);
        END LOOP;
    END IF;

    EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', here);
    IF in_schema = 'ops' AND of_tenants THEN
        -- Who may see grants and logs is said where those tables are made.
        EXECUTE format('GRANT SELECT ON TABLE %s TO kushim_loader', here);
        RETURN;
    END IF;
    EXECUTE format('REVOKE ALL ON TABLE %s FROM kushim_reader, kushim_app', here);
    IF here = 'ops.migration' THEN
        EXECUTE 'GRANT SELECT ON TABLE ops.migration TO kushim_loader';
        RETURN;
    END IF;
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO kushim_loader', here);
    IF in_schema = 'vault' THEN
        IF of_tenants THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO kushim_app', here);
        END IF;
        RETURN;
    END IF;
    IF of_tenants OR in_schema = 'catalogue' OR here IN ('verdict.reason', 'ops.clock') THEN
        EXECUTE format('GRANT SELECT ON TABLE %s TO kushim_reader, kushim_app', here);
    ELSIF here = 'verdict.evaluation' THEN
        -- Its other columns count over all tenants.
        EXECUTE 'GRANT SELECT (as_of) ON TABLE verdict.evaluation TO kushim_reader, kushim_app';
    ELSE
        RETURN;
    END IF;
    -- What persons may read of it is access.sql's to say.
    IF to_regprocedure('ops.open_to_persons(text, text)') IS NOT NULL THEN
        PERFORM ops.open_to_persons(in_schema, in_table);
    END IF;
END
$$;

-- Whether a policy is, to the letter, one of the two that make a wall.
CREATE OR REPLACE FUNCTION ops.is_wall(policy oid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.polpermissive AND p.polcmd = '*' AND CASE p.polname
        WHEN 'loader' THEN
            w.roles = '{kushim_loader}'::name[]
            AND pg_get_expr(p.polqual, p.polrelid) = 'true' AND pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
        WHEN 'tenant' THEN
            w.roles = '{kushim_app,kushim_owner,kushim_person,kushim_reader}'::name[]
            AND pg_get_expr(p.polqual, p.polrelid)
                IN ('((tenant_id)::text = ops.tenant())', '(tenant_id = ops.tenant())')
            AND pg_get_expr(p.polqual, p.polrelid) = pg_get_expr(p.polwithcheck, p.polrelid)
        ELSE FALSE
    END
    FROM pg_policy AS p
    CROSS JOIN LATERAL (
        SELECT array_agg(r.rolname ORDER BY r.rolname) AS roles FROM pg_roles AS r WHERE r.oid = ANY (p.polroles)
    ) AS w
    WHERE p.oid = policy
$$;

-- Let a view be read, with its reader's own rights: what it shows are the rows that the reader's walls let through.
CREATE OR REPLACE FUNCTION ops.show_view(in_schema text, in_view text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    here text := format('%I.%I', in_schema, in_view);
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class AS c
        WHERE c.oid = here::regclass AND 'security_invoker=true' = ANY (coalesce(c.reloptions, '{}'))
    ) THEN
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', here);
    END IF;
    EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', here);
    EXECUTE format('GRANT SELECT ON TABLE %s TO kushim_loader', here);
    IF in_schema IN ('raw', 'facts', 'verdict', 'mart_v1', 'catalogue') THEN
        EXECUTE format('GRANT SELECT ON TABLE %s TO kushim_reader, kushim_app', here);
        IF to_regprocedure('ops.open_to_persons(text, text)') IS NOT NULL THEN
            PERFORM ops.open_to_persons(in_schema, in_view);
        END IF;
    END IF;
END
$$;

-- ANALYZE for the loader, who owns nothing: of the warehouse's own tables, and nothing else.
CREATE OR REPLACE FUNCTION ops.refresh_statistics(in_schema text, in_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = in_schema AND c.relname = in_table AND c.relkind IN ('r', 'p')
            AND (n.nspname = ANY (ops.walled_schemas()) OR n.nspname = 'catalogue')
    ) THEN
        RAISE EXCEPTION '%.% is no table of the warehouse', in_schema, in_table;
    END IF;
    EXECUTE format('ANALYZE %I.%I', in_schema, in_table);
END
$$;
COMMENT ON FUNCTION ops.refresh_statistics(text, text) IS 'definer: only the owner of a table may ANALYZE it';

-- Everything that stands by now, and the rooms' doors.
DO $all$
DECLARE
    room  name;
    thing record;
BEGIN
    FOR room IN
        SELECT n.nspname FROM pg_catalog.pg_namespace AS n
        WHERE n.nspname = ANY (ops.walled_schemas() || '{catalogue,mart_v1,polyfill}'::name[])
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', room);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO kushim_loader, kushim_app', room);
        IF room <> 'vault' THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO kushim_reader, kushim_person', room);
        END IF;
        -- Polyfills compute, and read nothing.
        IF room = 'polyfill' THEN
            EXECUTE 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA polyfill TO PUBLIC';
        ELSE
            EXECUTE format('REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', room);
        END IF;
    END LOOP;
    GRANT EXECUTE ON FUNCTION ops.tenant() TO kushim_reader, kushim_app, kushim_person;
    GRANT EXECUTE ON FUNCTION ops.granted_tenant(text) TO kushim_person;
    GRANT EXECUTE ON FUNCTION ops.refresh_statistics(text, text) TO kushim_loader;

    FOR thing IN
        SELECT n.nspname, c.relname, c.relkind
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname = ANY (ops.walled_schemas() || '{catalogue,mart_v1}'::name[])
    LOOP
        IF thing.relkind = 'v' THEN
            PERFORM ops.show_view(thing.nspname, thing.relname);
        ELSIF thing.nspname <> 'mart_v1' THEN
            PERFORM ops.wall_off(thing.nspname, thing.relname);
        END IF;
    END LOOP;
END
$all$;
