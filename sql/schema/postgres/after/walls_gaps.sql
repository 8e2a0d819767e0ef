-- What breaks a rule of the walls: `SELECT * FROM ops.wall_gaps()` gives one row a finding, and none on a warehouse as
-- Kushim makes it. It reads the catalogs only. docs/walls.md gives the reasons.

-- The roles that stand behind the walls, of services and of persons.
CREATE OR REPLACE FUNCTION ops.walled_roles() RETURNS name[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('{kushim_reader,kushim_app,kushim_person,kushim_admin,kushim_operator,kushim_compliance_manager,'
    || 'kushim_auditor,kushim_viewer}')::name[];

CREATE OR REPLACE FUNCTION ops.is_our_schema(wanted name) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN wanted = ANY (ops.walled_schemas() || '{catalogue,mart_v1,viewer_v1,polyfill}'::name[]);

-- Whether values of a column are kept for the planner, as far as the caller may know: only a superuser may look.
CREATE OR REPLACE FUNCTION ops.has_statistics(of_table oid, of_column smallint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found boolean := false;
BEGIN
    IF has_table_privilege('pg_statistic', 'SELECT') THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM pg_statistic WHERE starelid = $1 AND staattnum = $2)'
            INTO found USING of_table, of_column;
    END IF;
    RETURN found;
END
$$;

-- Every table of this database that is not temporary, and whether its rows belong to tenants.
CREATE OR REPLACE FUNCTION ops.tables() RETURNS TABLE (
    id oid, room name, title name, kind "char", named text, is_ours boolean, of_tenants boolean
)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.oid, n.nspname, c.relname, c.relkind, format('%I.%I', n.nspname, c.relname),
        ops.is_our_schema(n.nspname),
        EXISTS (
            SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        )
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
$$;

-- A wall around every table that has tenants, and no door in those that have none.
CREATE OR REPLACE FUNCTION ops.table_gaps() RETURNS TABLE (object text, gap text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.named, w.gap
    FROM ops.tables() AS t
    JOIN pg_class AS c ON c.oid = t.id
    CROSS JOIN LATERAL (VALUES
        (NOT c.relrowsecurity, 'row-level security is off'),
        (NOT c.relforcerowsecurity, 'row-level security is not forced on its owner'),
        (t.kind = 'f', 'a foreign table, which no policy reaches'),
        (t.room <> ALL (ops.walled_schemas()), 'holds rows of tenants in a schema without walls')
    ) AS w(is_so, gap)
    WHERE t.is_ours AND t.of_tenants AND w.is_so
    UNION ALL
    SELECT t.named, format('has no policy %s as walls.sql writes it', w.polname)
    FROM ops.tables() AS t
    CROSS JOIN (VALUES ('loader'::name), ('tenant')) AS w(polname)
    LEFT JOIN pg_policy AS p ON p.polrelid = t.id AND p.polname = w.polname
    WHERE t.is_ours AND t.of_tenants AND ops.is_wall(p.oid) IS NOT TRUE
    UNION ALL
    SELECT t.named, format('a further policy lets rows through: %s', p.polname)
    FROM ops.tables() AS t
    JOIN pg_policy AS p ON p.polrelid = t.id AND p.polpermissive AND p.polname NOT IN ('loader', 'tenant')
    WHERE t.is_ours AND t.of_tenants
    UNION ALL
    SELECT t.named, format('%s may read it, and it has tenants but no wall', r.rolname)
    FROM ops.tables() AS t
    JOIN pg_roles AS r ON r.rolname = ANY (ops.walled_roles())
    JOIN pg_class AS c ON c.oid = t.id
    WHERE NOT t.is_ours AND t.of_tenants AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        AND has_any_column_privilege(r.oid, t.id, 'SELECT')
    UNION ALL
    SELECT t.named, format('%s may read %s, and it has no tenants to wall off', r.rolname, a.attname)
    FROM ops.tables() AS t
    JOIN pg_attribute AS a ON a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_roles AS r ON r.rolname = ANY (ops.walled_roles())
    WHERE t.is_ours AND NOT t.of_tenants AND t.room <> 'catalogue' AND t.named NOT IN ('verdict.reason', 'ops.clock')
        AND (t.named, a.attname) <> ('verdict.evaluation', 'as_of')
        AND has_column_privilege(r.oid, t.id, a.attnum, 'SELECT')
    UNION ALL
    SELECT t.named, format('has a rule: %s', r.rulename)
    FROM ops.tables() AS t
    JOIN pg_rewrite AS r ON r.ev_class = t.id
    WHERE t.is_ours
    UNION ALL
    SELECT t.named, format('the foreign key %s looks past the walls', k.conname)
    FROM ops.tables() AS t
    JOIN pg_constraint AS k ON k.contype = 'f' AND t.id IN (k.conrelid, k.confrelid)
    WHERE t.is_ours AND t.of_tenants AND NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attname = 'tenant_id'
    )
$$;

-- What the planner knows, anybody can ask it: EXPLAIN shows its estimates, and how many rows an index gave.
CREATE OR REPLACE FUNCTION ops.planner_gaps() RETURNS TABLE (object text, gap text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH word AS (
        SELECT t.named, t.id, a.attname, a.attnum, coalesce(a.attstattarget, -1) AS target,
            ops.statistics_target(a.attname, a.atttypid) AS allowed
        FROM ops.tables() AS t
        JOIN pg_attribute AS a ON a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped
        WHERE t.is_ours AND t.of_tenants
    )
    SELECT w.named, format('the planner counts the values of %s', w.attname)
    FROM word AS w WHERE w.target <> w.allowed AND w.target <> 0 AND w.allowed <> -1
    UNION ALL
    SELECT w.named, format('the planner still has values of %s from before the wall stood', w.attname)
    FROM word AS w WHERE w.allowed = 0 AND ops.has_statistics(w.id, w.attnum)
    UNION ALL
    SELECT t.named, format('extended statistics count its values: %s', s.stxname)
    FROM ops.tables() AS t
    JOIN pg_statistic_ext AS s ON s.stxrelid = t.id
    WHERE t.is_ours AND t.of_tenants
    UNION ALL
    -- A column before tenant_id in an index can be searched for without the tenant, and EXPLAIN ANALYZE says if it was hit.
    -- The time of landing is the run's, the same for all tenants.
    SELECT DISTINCT t.named, format('the index %s finds rows of all tenants by %s', c.relname,
        coalesce(quote_ident(a.attname), 'an expression'))
    FROM ops.tables() AS t
    JOIN pg_index AS i ON i.indrelid = t.id
    JOIN pg_class AS c ON c.oid = i.indexrelid
    CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
    LEFT JOIN pg_attribute AS a ON a.attrelid = t.id AND a.attnum = k.attnum
    WHERE t.is_ours AND t.of_tenants AND k.place <= i.indnkeyatts AND a.attname IS DISTINCT FROM 'tenant_id'
        AND (a.attname IS NULL OR a.attname <> 'recorded_at' AND NOT ops.is_shared_word(a.attname, a.atttypid))
        AND k.place < coalesce((
            SELECT min(b.place)
            FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS b(attnum, place)
            JOIN pg_attribute AS ta ON ta.attrelid = t.id AND ta.attnum = b.attnum AND ta.attname = 'tenant_id'
            WHERE b.place <= i.indnkeyatts
        ), 1000)
    UNION ALL
    SELECT t.named, format('the index %s is unique across tenants', c.relname)
    FROM ops.tables() AS t
    JOIN pg_index AS i ON i.indrelid = t.id AND (i.indisunique OR i.indisexclusion)
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE t.is_ours AND t.of_tenants AND NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = t.id AND a.attname = 'tenant_id' AND a.attnum = ANY (i.indkey::smallint[])
    )
    UNION ALL
    SELECT t.named, format('the planner counts the expression of the index %s', c.relname)
    FROM ops.tables() AS t
    JOIN pg_index AS i ON i.indrelid = t.id
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND coalesce(a.attstattarget, -1) <> 0
    WHERE t.is_ours AND t.of_tenants AND (i.indkey::smallint[])[a.attnum - 1] = 0
$$;

-- A view shows what its reader may see; nothing that was seen by another may be kept.
CREATE OR REPLACE FUNCTION ops.view_gaps() RETURNS TABLE (object text, gap text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE source(id) AS (
        SELECT t.id FROM ops.tables() AS t WHERE t.is_ours AND t.of_tenants
        UNION
        SELECT w.ev_class
        FROM source AS s
        JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.id
            AND d.classid = 'pg_rewrite'::regclass
        JOIN pg_rewrite AS w ON w.oid = d.objid
    )
    SELECT format('%I.%I', n.nspname, c.relname), CASE c.relkind
        WHEN 'm' THEN 'a materialised view keeps rows of all tenants, and no policy reaches it'
        ELSE 'a view with its owner''s rights: security_invoker is not set'
    END
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND (ops.is_our_schema(n.nspname) OR c.oid IN (SELECT s.id FROM source AS s))
        AND (c.relkind = 'm' OR NOT EXISTS (
            SELECT FROM pg_options_to_table(c.reloptions) AS o
            WHERE o.option_name = 'security_invoker' AND o.option_value::boolean
        ))
$$;

-- Who may do what, beyond reading.
CREATE OR REPLACE FUNCTION ops.grant_gaps() RETURNS TABLE (object text, gap text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH relation AS (
        SELECT c.oid, n.nspname AS room, format('%I.%I', n.nspname, c.relname) AS named, c.relacl, c.relowner
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ops.is_our_schema(n.nspname)
    ), given AS (
        SELECT r.room, r.named, r.relowner, x.grantee, x.privilege_type AS privilege, x.is_grantable
        FROM relation AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS x
        UNION
        SELECT r.room, r.named, r.relowner, x.grantee, x.privilege_type, x.is_grantable
        FROM relation AS r
        JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0
        CROSS JOIN LATERAL aclexplode(a.attacl) AS x
    )
    SELECT g.named, format('%s may %s', coalesce(r.rolname, 'PUBLIC'), g.privilege)
        || CASE WHEN g.is_grantable THEN ', and grant it on' ELSE '' END
    FROM given AS g
    LEFT JOIN pg_roles AS r ON r.oid = g.grantee
    WHERE g.grantee <> g.relowner AND r.rolname IS DISTINCT FROM 'kushim_loader' AND (
        r.rolname IS NULL OR r.rolname <> ALL (ops.walled_roles()) OR g.is_grantable
        OR g.privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        OR (g.room = 'vault' AND r.rolname <> 'kushim_app')
        OR (g.privilege <> 'SELECT' AND (r.rolname = 'kushim_reader' OR g.room NOT IN ('ops', 'vault')))
    )
    UNION ALL
    SELECT format('schema %I', n.nspname), format('%s may %s in it', coalesce(r.rolname, 'PUBLIC'), x.privilege_type)
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS x
    LEFT JOIN pg_roles AS r ON r.oid = x.grantee
    WHERE x.grantee <> n.nspowner AND CASE
        WHEN ops.is_our_schema(n.nspname) THEN
            r.rolname IS NULL OR x.privilege_type = 'CREATE'
            OR (n.nspname = 'vault' AND r.rolname NOT IN ('kushim_loader', 'kushim_app'))
        WHEN n.nspname = 'access' THEN TRUE
        WHEN n.nspname IN ('pg_catalog', 'information_schema') OR n.nspname LIKE 'pg\_t%' THEN FALSE
        ELSE x.privilege_type = 'CREATE' AND (r.rolname IS NULL OR r.rolname = ANY (ops.walled_roles()))
    END
    UNION ALL
    SELECT format('database %I', d.datname), format('%s may %s in it', coalesce(r.rolname, 'PUBLIC'), x.privilege_type)
    FROM pg_database AS d
    CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS x
    LEFT JOIN pg_roles AS r ON r.oid = x.grantee
    WHERE d.datname = current_database() AND x.privilege_type <> 'CONNECT'
        AND (r.rolname IS NULL OR r.rolname = ANY (ops.walled_roles()))
    UNION ALL
    SELECT format('default privileges of %s', o.rolname),
        format('%s may %s what is made in future', coalesce(r.rolname, 'PUBLIC'), x.privilege_type)
    FROM pg_default_acl AS a
    JOIN pg_roles AS o ON o.oid = a.defaclrole
    LEFT JOIN pg_namespace AS n ON n.oid = a.defaclnamespace
    CROSS JOIN LATERAL aclexplode(a.defaclacl) AS x
    LEFT JOIN pg_roles AS r ON r.oid = x.grantee
    WHERE r.rolname = ANY (ops.walled_roles())
        OR (r.rolname IS NULL AND (o.rolname = 'kushim_owner' OR ops.is_our_schema(n.nspname)))
$$;

-- What runs with another's rights, and who may run it.
CREATE OR REPLACE FUNCTION ops.function_gaps() RETURNS TABLE (object text, gap text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH f AS (
        SELECT p.oid, n.nspname AS room, p.proname, p.prosecdef, p.proconfig, o.rolname AS owner,
            o.rolsuper OR o.rolbypassrls OR pg_has_role(o.oid, 'kushim_loader', 'MEMBER') AS owner_sees_all,
            format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS named,
            ARRAY(
                SELECT x.grantee FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
                WHERE x.grantee <> p.proowner
            ) AS runners
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        JOIN pg_roles AS o ON o.oid = p.proowner
    ), callable AS (
        SELECT f.*, EXISTS (
            SELECT FROM pg_roles AS r
            WHERE r.rolname = ANY (ops.walled_roles()) AND has_function_privilege(r.oid, f.oid, 'EXECUTE')
        ) AS by_walled
        FROM f
        WHERE f.room NOT IN ('pg_catalog', 'information_schema')
    )
    SELECT c.named, w.gap
    FROM callable AS c
    CROSS JOIN LATERAL (VALUES
        (ops.is_our_schema(c.room) AND c.room <> 'polyfill' AND 0 = ANY (c.runners), 'PUBLIC may run it'),
        (
            c.prosecdef AND c.by_walled AND c.owner <> 'kushim_owner' AND (ops.is_our_schema(c.room) OR c.owner_sees_all),
            format('runs with the rights of %s, who is behind no wall', c.owner)
        ),
        (
            c.prosecdef AND ops.is_our_schema(c.room)
                AND array_to_string(c.proconfig, ';') !~ '(^|;)search_path=pg_catalog, ([a-z0-9_]+, )*pg_temp($|;)'
                IS NOT FALSE,
            'runs with its owner''s rights and its caller''s search_path'
        ),
        (
            c.prosecdef AND ops.is_our_schema(c.room)
                AND obj_description(c.oid, 'pg_proc') LIKE 'definer: %' IS NOT TRUE,
            'runs with its owner''s rights, and no comment "definer: …" says why'
        )
    ) AS w(is_so, gap)
    WHERE w.is_so
    UNION ALL
    SELECT f.named, format('%s may run it, and it reaches files or other servers', r.rolname)
    FROM f
    JOIN pg_roles AS r ON r.rolname = ANY (ops.walled_roles())
    WHERE f.proname ~ '^(pg_(read_file|read_binary_file|ls_dir|stat_file)|lo_(import|export)|dblink.*|pg_file_.*)$'
        AND has_function_privilege(r.oid, f.oid, 'EXECUTE')
    UNION ALL
    SELECT format('extension %I', e.extname), 'it reaches files, other servers or pages past every policy'
    FROM pg_extension AS e
    WHERE e.extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'pageinspect', 'plpython3u', 'plperlu', 'pltclu')
$$;

-- The roles themselves, and the logins that belong to them.
CREATE OR REPLACE FUNCTION ops.role_gaps() RETURNS TABLE (object text, gap text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE ours(rolname) AS (
        SELECT unnest(ops.walled_roles() || '{kushim_owner,kushim_loader}'::name[])
    ), live(member, roleid) AS (
        -- Since 16 a membership may be for granting on only. Before, these columns are not there.
        SELECT m.member, m.roleid
        FROM pg_auth_members AS m
        WHERE coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, TRUE)
            OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, TRUE)
    ), member(id, of) AS (
        SELECT m.member, m.roleid FROM live AS m
        UNION
        SELECT b.id, m.roleid FROM member AS b JOIN live AS m ON m.member = b.of
    ), belongs AS (
        SELECT r.rolname, r.rolsuper OR r.rolbypassrls AS sees_all, r.rolcreaterole OR r.rolreplication AS may_grow,
            array_agg(g.rolname ORDER BY g.rolname) AS groups
        FROM member AS m
        JOIN pg_roles AS r ON r.oid = m.id
        JOIN pg_roles AS g ON g.oid = m.of
        GROUP BY r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication
    )
    SELECT format('role %I', o.rolname), w.gap
    FROM ours AS o
    LEFT JOIN pg_roles AS r ON r.rolname = o.rolname
    CROSS JOIN LATERAL (VALUES
        (r.oid IS NULL, 'is missing'),
        (r.rolcanlogin, 'may log in; it is a group'),
        (r.rolsuper OR r.rolbypassrls, 'walks through every wall: SUPERUSER or BYPASSRLS'),
        (r.rolcreaterole OR r.rolcreatedb OR r.rolreplication, 'has CREATEROLE, CREATEDB or REPLICATION')
    ) AS w(is_so, gap)
    WHERE w.is_so
    UNION ALL
    SELECT format('role %I', b.rolname), format('is a member of %s', g)
    FROM belongs AS b
    CROSS JOIN LATERAL unnest(b.groups) AS g
    WHERE b.rolname IN (SELECT o.rolname FROM ours AS o)
        AND NOT (g = 'kushim_person' AND b.rolname NOT IN ('kushim_owner', 'kushim_loader', 'kushim_app', 'kushim_reader'))
    UNION ALL
    SELECT format('login %I', b.rolname), w.gap
    FROM belongs AS b
    CROSS JOIN LATERAL (VALUES
        (b.sees_all, 'stands behind the walls by its role, and sees all by itself: SUPERUSER or BYPASSRLS'),
        (b.may_grow, 'stands behind the walls by its role, and has CREATEROLE or REPLICATION'),
        (b.groups && '{kushim_loader,kushim_owner}'::name[], 'stands behind the walls and before them: it may become '
            || 'kushim_loader or kushim_owner'),
        (b.groups && '{kushim_person}'::name[] AND b.groups && '{kushim_reader,kushim_app}'::name[],
            'is a person''s and a service''s at once'),
        (EXISTS (SELECT FROM unnest(b.groups) AS g WHERE g LIKE 'pg\_%'), 'stands behind the walls, and is a member of '
            || array_to_string(ARRAY(SELECT g FROM unnest(b.groups) AS g WHERE g LIKE 'pg\_%'), ', '))
    ) AS w(is_so, gap)
    WHERE w.is_so AND b.groups && ops.walled_roles() AND b.rolname NOT IN (SELECT o.rolname FROM ours AS o)
    UNION ALL
    SELECT q.named, format('belongs to %s, not to kushim_owner', r.rolname)
    FROM (
        SELECT c.relowner AS owner, format('%I.%I', n.nspname, c.relname) AS named, n.nspname AS room
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL
        SELECT p.proowner, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), n.nspname
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        UNION ALL
        SELECT n.nspowner, format('schema %I', n.nspname), n.nspname FROM pg_namespace AS n
        UNION ALL
        SELECT d.datdba, format('database %I', d.datname), '' FROM pg_database AS d WHERE d.datname = current_database()
    ) AS q
    JOIN pg_roles AS r ON r.oid = q.owner
    WHERE q.room NOT LIKE 'pg\_temp%' AND q.room NOT LIKE 'pg\_toast%' AND r.rolname <> 'kushim_owner'
        AND (ops.is_our_schema(q.room) OR r.rolname IN (SELECT o.rolname FROM ours AS o))
    UNION ALL
    SELECT coalesce(format('login %I', r.rolname), 'every login'), format('starts with the setting %s', s)
    FROM pg_db_role_setting AS d
    LEFT JOIN pg_roles AS r ON r.oid = d.setrole
    CROSS JOIN LATERAL unnest(d.setconfig) AS s
    WHERE d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
        AND s ~ '^(app\.tenant|session_replication_role|role)='
    UNION ALL
    SELECT 'pg_statistic', format('%s may read what the planner counted', r.rolname)
    FROM pg_roles AS r
    WHERE r.rolname = ANY (ops.walled_roles()) AND has_table_privilege(r.oid, 'pg_catalog.pg_statistic', 'SELECT')
$$;

CREATE OR REPLACE FUNCTION ops.wall_gaps() RETURNS TABLE (object text, gap text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT g.object, g.gap
    FROM (
        SELECT * FROM ops.table_gaps() UNION ALL SELECT * FROM ops.planner_gaps()
        UNION ALL SELECT * FROM ops.view_gaps() UNION ALL SELECT * FROM ops.grant_gaps()
        UNION ALL SELECT * FROM ops.function_gaps() UNION ALL SELECT * FROM ops.role_gaps()
    ) AS g
    ORDER BY g.object, g.gap
$$;

-- The owner and the loader look; for others the findings would be a map.
DO $doors$
DECLARE
    looking regprocedure;
BEGIN
    FOR looking IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = 'ops'::pg_catalog.regnamespace
            AND p.proname IN (
                'walled_schemas', 'walled_roles', 'is_our_schema', 'is_shared_word', 'statistics_target', 'is_wall',
                'has_statistics', 'tables', 'table_gaps', 'planner_gaps', 'view_gaps', 'grant_gaps', 'function_gaps',
                'role_gaps', 'wall_gaps'
            )
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', looking);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kushim_loader', looking);
    END LOOP;
END
$doors$;
