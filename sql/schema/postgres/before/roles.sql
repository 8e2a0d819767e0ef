-- The roles of the warehouse, made by the login that migrates. docs/walls.md says what each is for.
--
-- They belong to the whole server, not to one database: another database's migration may make them at the same moment,
-- and no lock reaches across databases, so what somebody else has made meanwhile is as good as made here. Nothing is
-- done that is done already; a login without the right to make roles may migrate once a DBA has made them.
DO $roles$
DECLARE
    wanted   text;
    missing  text[] := '{}';
    ungiven  text[] := '{}';
    login    text := session_user;
    database text := current_database();
    -- Up to 15, who is a member may always SET ROLE.
    may_be   text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'Kushim needs Postgres 15 or newer; this server is ' || current_setting('server_version');
    END IF;

    FOREACH wanted IN ARRAY ARRAY[
        'kushim_owner', 'kushim_loader', 'kushim_app', 'kushim_reader', 'kushim_person', 'kushim_admin',
        'kushim_operator', 'kushim_compliance_manager', 'kushim_auditor', 'kushim_viewer'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN missing := missing || format('CREATE ROLE %I NOLOGIN;', wanted);
            END;
        END IF;
    END LOOP;

    -- What a person may do, whoever they are, is given to kushim_person; each role of persons adds to it.
    FOREACH wanted IN ARRAY ARRAY[
        'kushim_admin', 'kushim_operator', 'kushim_compliance_manager', 'kushim_auditor', 'kushim_viewer'
    ] LOOP
        IF missing <> '{}' OR NOT pg_catalog.pg_has_role(wanted, 'kushim_person', 'USAGE') THEN
            BEGIN
                EXECUTE format('GRANT kushim_person TO %I', wanted);
            EXCEPTION
                WHEN unique_violation OR internal_error THEN NULL;
                WHEN insufficient_privilege OR undefined_object THEN
                    ungiven := ungiven || format('GRANT kushim_person TO %I;', wanted);
            END;
        END IF;
    END LOOP;

    -- The login acts as the owner when it migrates, and as the loader ever after. A superuser may do so anyway.
    FOREACH wanted IN ARRAY ARRAY['kushim_owner', 'kushim_loader'] LOOP
        IF missing <> '{}' OR NOT pg_catalog.pg_has_role(session_user, wanted, may_be) THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I', wanted, login);
            EXCEPTION
                WHEN unique_violation OR internal_error THEN NULL;
                WHEN insufficient_privilege OR undefined_object THEN
                    ungiven := ungiven || format('GRANT %I TO %I;', wanted, login);
            END;
        END IF;
    END LOOP;

    -- The owner makes schemas; the loader stages in temporary tables. Nobody else needs either.
    IF missing <> '{}' OR NOT pg_catalog.has_database_privilege('kushim_owner', database, 'CREATE')
        OR NOT pg_catalog.has_database_privilege('kushim_loader', database, 'TEMPORARY') THEN
        BEGIN
            EXECUTE format('GRANT CREATE ON DATABASE %I TO kushim_owner', database);
            EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO kushim_loader', database);
        EXCEPTION
            WHEN insufficient_privilege OR undefined_object THEN
                ungiven := ungiven || format('GRANT CREATE ON DATABASE %I TO kushim_owner;', database)
                    || format('GRANT TEMPORARY ON DATABASE %I TO kushim_loader;', database);
        END;
    END IF;

    IF missing || ungiven <> '{}' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('the login %s may not make the roles that the walls between tenants stand on. ', login)
                || 'A database administrator has to run this once: '
                || array_to_string(missing || ungiven, ' ');
    END IF;

    -- Where this login owns the database. Where it does not, ops.wall_gaps() says what is left open.
    BEGIN
        IF pg_catalog.pg_has_role(session_user, (SELECT d.datdba FROM pg_catalog.pg_database AS d
                WHERE d.datname = database), 'USAGE') THEN
            EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO kushim_loader', database);
            EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', database);
        END IF;
    EXCEPTION
        WHEN insufficient_privilege THEN NULL;
    END;
END
$roles$;
