-- What programs ask to look around, and what their panels ask, in the words and with the functions that they use. Each must be
-- answered. Before each stands the repository and the file that makes it; they are shortened, and name where their kind is made, not
-- a line that was copied. Those of Grafana and Npgsql were held against their sources; those of Metabase, DBeaver and Superset
-- against older ones, and some have only their shape. Power BI's are not public: what others wrote down of its traffic.

-- from: grafana, grafana-postgresql-datasource/postgresMetaQuery.ts, getVersion
SELECT current_setting('server_version_num')::int/100 AS version;

-- from: grafana, grafana-postgresql-datasource/postgresMetaQuery.ts, getTimescaleDBVersion
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';

-- from: grafana, grafana-postgresql-datasource/postgresMetaQuery.ts, showSchemas
SELECT schema_name AS "name" FROM information_schema.schemata
WHERE schema_name NOT IN ('information_schema', 'pg_catalog', 'pg_toast') ORDER BY schema_name;

-- from: grafana, grafana-postgresql-datasource/postgresMetaQuery.ts, showTables of a schema
SELECT quote_ident(table_name) AS "table" FROM information_schema.tables
WHERE quote_ident(table_schema) = 'mart' ORDER BY 1;

-- from: grafana, grafana-postgresql-datasource/postgresMetaQuery.ts, showTables
SELECT CASE WHEN quote_ident(table_schema) IN (
    SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
    FROM generate_series(
      array_lower(string_to_array(current_setting('search_path'),','),1),
      array_upper(string_to_array(current_setting('search_path'),','),1)
    ) as i,
    string_to_array(current_setting('search_path'),',') s)
  THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table"
FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog');

-- from: grafana, grafana-postgresql-datasource/postgresMetaQuery.ts, getSchema
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns
WHERE quote_ident(table_schema) = 'mart' AND quote_ident(table_name) = 'problem';

-- from: grafana, the SQL builder's newer column query (udt_name, numeric_precision, numeric_scale)
SELECT column_name, data_type, udt_name, numeric_precision, numeric_scale FROM information_schema.columns
WHERE table_schema = 'mart' AND table_name = 'problem' ORDER BY ordinal_position;

-- from: grafana, pkg/tsdb/grafana-postgresql-datasource/macros.go, $__timeGroup and $__timeFilter
SELECT floor(extract(epoch from opened_at)/86400)*86400 AS "time", count(*) AS value FROM problem
WHERE opened_at BETWEEN '2026-01-01T00:00:00Z' AND '2027-01-01T00:00:00Z' GROUP BY 1 ORDER BY 1;

-- from: grafana, pkg/tsdb/grafana-postgresql-datasource/macros.go, $__time and $__unixEpochFilter
SELECT opened_at AS "time", name AS metric, age_days AS value FROM problem
WHERE extract(epoch from opened_at) >= 1767225600 ORDER BY 1;

-- from: metabase, modules/drivers/postgres: what its JDBC driver sends when it connects
SET extra_float_digits = 2; SET application_name = 'Metabase';

-- from: metabase, its JDBC driver
SHOW TRANSACTION ISOLATION LEVEL;

-- from: metabase, its connection pool
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;

-- from: metabase, src/metabase/driver/postgres.clj, the schemas of the JDBC driver (pgjdbc, PgDatabaseMetaData.getSchemas)
SELECT nspname AS "TABLE_SCHEM", current_database() AS "TABLE_CATALOG" FROM pg_catalog.pg_namespace
WHERE nspname <> 'pg_toast' AND (nspname !~ '^pg_temp_' OR nspname = (pg_catalog.current_schemas(true))[1])
ORDER BY "TABLE_SCHEM";

-- from: metabase, src/metabase/driver/postgres.clj, describe-database
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' ELSE NULL END AS type,
  d.description AS description, stat.n_live_tup AS estimated_row_count
FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = '0' AND d.classoid = 'pg_class'::regclass
LEFT JOIN pg_stat_user_tables AS stat ON n.nspname = stat.schemaname AND c.relname = stat.relname
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'f', 'm')
ORDER BY type ASC, schema ASC, name ASC;

-- from: metabase, src/metabase/driver/postgres.clj, current-user-table-privileges
SELECT t.schemaname AS schema, t.objectname AS "table",
  pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"."' || t.objectname || '"', 'select') AS "select"
FROM (SELECT schemaname, tablename AS objectname FROM pg_catalog.pg_tables
  UNION SELECT schemaname, viewname AS objectname FROM pg_catalog.pg_views
  UNION SELECT schemaname, matviewname AS objectname FROM pg_catalog.pg_matviews) t
WHERE t.schemaname !~ '^pg_' AND t.schemaname <> 'information_schema'
  AND pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage');

-- from: metabase, a question by week (DATE_TRUNC with a shifted week)
SELECT DATE_TRUNC('week', (opened_at + INTERVAL '1 day')) + INTERVAL '-1 day' AS opened_at, COUNT(*) AS count FROM problem
GROUP BY DATE_TRUNC('week', (opened_at + INTERVAL '1 day')) + INTERVAL '-1 day' ORDER BY 1 ASC;

-- from: dbeaver, ext.postgresql/model/PostgreDatabase.java, readDatabaseInfo
SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datname = 'annals';

-- from: dbeaver, ext.postgresql/model/PostgreDatabase.java, SchemaCache
SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 ORDER BY nspname;

-- from: dbeaver, ext.postgresql/model/PostgreTableContainer, TableCache
SELECT c.oid, c.*, d.description FROM pg_catalog.pg_class c
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0
WHERE c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.relname;

-- from: dbeaver, ext.postgresql/model/PostgreTableBase, the columns of a table
SELECT a.attname, a.attnum, a.atttypid, a.attnotnull, t.typname FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE c.relname = 'problem' AND a.attnum > 0 ORDER BY a.attnum;

-- from: dbeaver, ext.postgresql/model/PostgreDataTypeCache
SELECT t.oid, t.*, c.relkind FROM pg_catalog.pg_type t
LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid WHERE t.typname IS NOT NULL AND t.typcategory <> 'A';

-- from: dbeaver, when it connects
SELECT current_schema(), session_user;

-- from: pgjdbc, PgDatabaseMetaData.getTables
SELECT n.nspname AS "TABLE_SCHEM", c.relname AS "TABLE_NAME", d.description AS "REMARKS" FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass)
WHERE c.relnamespace = n.oid AND n.nspname LIKE 'mart' AND c.relname LIKE '%' ORDER BY "TABLE_SCHEM", "TABLE_NAME";

-- from: npgsql (Power BI), when a connection goes back to its pool
DISCARD ALL;

-- from: superset, sqlalchemy/dialects/postgresql/base.py, get_schema_names
SELECT pg_catalog.pg_namespace.nspname FROM pg_catalog.pg_namespace
WHERE pg_catalog.pg_namespace.nspname NOT LIKE 'pg/_%' ESCAPE '/' ORDER BY pg_catalog.pg_namespace.nspname;

-- from: pgjdbc, TypeInfoCache.java, the type of a number
SELECT n.nspname = ANY(current_schemas(true)) AS is_visible, n.nspname, t.typname FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid WHERE t.oid = 1184;

-- from: pgjdbc, TypeInfoCache.java, the type of a name
SELECT typinput = 'pg_catalog.array_in'::regproc AS is_array, typtype, typname, pg_type.oid FROM pg_catalog.pg_type
LEFT JOIN (SELECT ns.oid AS nspoid, ns.nspname, r.r FROM pg_namespace AS ns
  JOIN (SELECT s.r, (current_schemas(false))[s.r] AS nspname FROM generate_series(1, array_upper(current_schemas(false), 1)) AS s(r)) AS r
  USING (nspname)) AS sp ON sp.nspoid = typnamespace
WHERE typname = 'timestamptz' ORDER BY sp.r, pg_type.oid DESC;

-- from: npgsql, PostgresDatabaseInfo.cs, the types that it loads when it connects
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.elemtypoid FROM (
  SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, cls.relkind,
    CASE WHEN proc.proname = 'array_recv' THEN typ.typelem WHEN typ.typtype = 'r' THEN rngsubtype
      WHEN typ.typtype = 'd' THEN typ.typbasetype END AS elemtypoid
  FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
  LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)) AS t
JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR (typtype = 'c' AND relkind = 'c') ORDER BY t.oid;

-- from: npgsql, PostgresDatabaseInfo.cs, enumerations
SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid ORDER BY oid, enumsortorder;

-- from: power bi, its PostgreSQL connector, before the first table
SELECT character_set_name FROM INFORMATION_SCHEMA.character_sets;

-- from: power bi, its PostgreSQL connector, tables
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.tables
WHERE TABLE_SCHEMA NOT IN ('information_schema', 'pg_catalog') ORDER BY TABLE_SCHEMA, TABLE_NAME;

-- from: power bi, its PostgreSQL connector, relations between tables
SELECT pkcol.COLUMN_NAME AS PK_COLUMN_NAME, fkcol.TABLE_SCHEMA AS FK_TABLE_SCHEMA, fkcol.TABLE_NAME AS FK_TABLE_NAME,
  fkcol.COLUMN_NAME AS FK_COLUMN_NAME, fkcol.ORDINAL_POSITION AS ORDINAL, fkcon.CONSTRAINT_SCHEMA || '_' || fkcol.TABLE_NAME AS FK_NAME
FROM (SELECT DISTINCT constraint_catalog, constraint_schema, unique_constraint_schema, constraint_name, unique_constraint_name
  FROM INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS) fkcon
JOIN INFORMATION_SCHEMA.KEY_COLUMN_USAGE fkcol
  ON fkcon.CONSTRAINT_SCHEMA = fkcol.CONSTRAINT_SCHEMA AND fkcon.CONSTRAINT_NAME = fkcol.CONSTRAINT_NAME
JOIN INFORMATION_SCHEMA.KEY_COLUMN_USAGE pkcol
  ON fkcon.UNIQUE_CONSTRAINT_SCHEMA = pkcol.CONSTRAINT_SCHEMA AND fkcon.UNIQUE_CONSTRAINT_NAME = pkcol.CONSTRAINT_NAME
WHERE fkcol.TABLE_SCHEMA = 'mart';

-- from: metabase, src/metabase/driver/postgres.clj, the fields of tables
SELECT c.column_name AS name, c.udt_name AS "database-type", c.ordinal_position - 1 AS "database-position",
  col_description(CAST(CAST(format('%I.%I', CAST(c.table_schema AS TEXT), CAST(c.table_name AS TEXT)) AS REGCLASS) AS OID),
    c.ordinal_position) AS "field-comment", pk.column_name IS NOT NULL AS "pk?"
FROM information_schema.columns AS c
LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints AS tc
  JOIN information_schema.key_column_usage AS kc ON tc.constraint_name = kc.constraint_name AND tc.table_schema = kc.table_schema
    AND tc.table_name = kc.table_name WHERE tc.constraint_type = 'PRIMARY KEY') AS pk
  ON c.table_schema = pk.table_schema AND c.table_name = pk.table_name AND c.column_name = pk.column_name
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND c.table_schema IN ('mart') AND c.table_name IN ('problem')
ORDER BY c.ordinal_position;

-- from: metabase, src/metabase/driver/postgres.clj, keys that point elsewhere
SELECT fk_ns.nspname AS "fk-table-schema", fk_table.relname AS "fk-table-name", fk_column.attname AS "fk-column-name",
  pk_table.relname AS "pk-table-name", pk_column.attname AS "pk-column-name" FROM pg_constraint AS c
JOIN pg_class AS fk_table ON c.conrelid = fk_table.oid JOIN pg_namespace AS fk_ns ON c.connamespace = fk_ns.oid
JOIN pg_attribute AS fk_column ON c.conrelid = fk_column.attrelid JOIN pg_class AS pk_table ON c.confrelid = pk_table.oid
JOIN pg_attribute AS pk_column ON c.confrelid = pk_column.attrelid
WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND c.contype = 'f'
  AND fk_column.attnum = ANY(c.conkey) AND pk_column.attnum = ANY(c.confkey) ORDER BY 1, 2;

-- from: dbeaver, ext.postgresql/model/PostgreTableBase.java, the columns of a table with defaults and dependencies
SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid)
LEFT JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum)
LEFT JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
LEFT JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.relname = 'problem' ORDER BY a.attnum;

-- from: dbeaver, ext.postgresql/model/PostgreSchema.java, procedures
SELECT p.oid AS poid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS arg_defaults, d.description FROM pg_catalog.pg_proc p
LEFT JOIN pg_catalog.pg_description d ON d.objoid = p.oid WHERE p.pronamespace = 'mart'::regnamespace ORDER BY p.proname;

-- from: dbeaver, ext.postgresql/model/PostgreDialect.java, words that it highlights
SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords() WHERE word <> ALL ('{a,abs,absolute}'::text[]);

-- from: superset, db_engine_specs/postgres.py, when somebody chooses a schema
SET search_path = "raw";;

-- from: grafana/grafana, public/app/plugins/datasource/grafana-postgresql-datasource/postgresMetaQuery.ts, showTables in its order
SELECT CASE WHEN quote_ident(table_schema) IN (
    SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
    FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
      array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
    string_to_array(current_setting('search_path'),',') s)
  THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table"
FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache')
ORDER BY CASE WHEN quote_ident(table_schema) IN (
    SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
    FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
      array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
    string_to_array(current_setting('search_path'),',') s) THEN 0 ELSE 1 END, 1;

-- from: grafana/grafana, postgresMetaQuery.ts, getSchema of a table whose name may hold its schema
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns
WHERE CASE WHEN array_length(parse_ident('raw.build'),1) = 2
  THEN quote_ident(table_schema) = (parse_ident('raw.build'))[1] AND quote_ident(table_name) = (parse_ident('raw.build'))[2]
  ELSE quote_ident(table_name) = 'raw.build' AND quote_ident(table_schema) IN (
    SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
    FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
      array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
    string_to_array(current_setting('search_path'),',') s) END;

-- from: grafana/grafana, pkg/tsdb/grafana-postgresql-datasource/macros.go, $__timeGroupAlias, $__timeFilter and a series' name
SELECT floor(extract(epoch from asked.started_at)/3600)*3600 AS "time", builder AS metric, avg(duration_ms) AS value
FROM build_summary asked WHERE started_at BETWEEN '2026-01-01T00:00:00.123456789Z' AND '2027-01-01T00:00:00Z'
GROUP BY 1, 2 ORDER BY 1, 2;

-- from: grafana/grafana, macros.go, $__timeGroup with TimescaleDB switched on
SELECT time_bucket('300.000s',opened_at) AS "time", count(*) AS value FROM problem GROUP BY 1 ORDER BY 1;

-- from: grafana/grafana, CheatSheet.tsx, grouped and sorted by the name
SELECT floor(extract(epoch from opened_at)/3600)*3600 AS "time", sum(age_days) as value FROM problem GROUP BY time ORDER BY time;

-- from: grafana/grafana, macros.go, $__timeEpoch, $__timeFrom and $__timeTo
SELECT extract(epoch from opened_at) as "time", age_days AS value FROM problem
WHERE opened_at >= '2026-01-01T00:00:00Z' AND opened_at < '2027-01-01T00:00:00Z' ORDER BY 1;

-- from: grafana/grafana, macros.go, $__unixEpochGroupAlias and $__unixEpochFilter
SELECT floor((at)/86400)*86400 AS "time", count(*) AS value
FROM (SELECT CAST(extract(epoch from opened_at) AS BIGINT) AS at FROM problem) AS a
WHERE at >= 1767225600 AND at <= 1798761600 GROUP BY 1 ORDER BY 1;

-- from: grafana/grafana, macros.go, $__unixEpochNanoFilter
SELECT count(*) FROM (SELECT CAST(extract(epoch from opened_at) AS BIGINT) * 1000000000 AS at FROM problem) AS a
WHERE at >= 1767225600000000000 AND at <= 1798761600000000000;

-- from: grafana/grafana, VariableQueryEditor.tsx, a variable with texts beside its values
SELECT DISTINCT builder AS __value, upper(builder) AS __text FROM raw.build ORDER BY 1;

-- from: grafana/grafana, a panel with several values of a variable and a limit
SELECT project, name, state, opened_at FROM problem WHERE state IN ('open','resolved') AND name ~* '.*' ORDER BY opened_at DESC LIMIT 50;

-- from: metabase/metabase, src/metabase/driver/postgres.clj, enum-types
SELECT nspname, typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid IN (SELECT DISTINCT enumtypid FROM pg_enum e);

-- from: metabase/metabase, postgres.clj, db-default-timezone
show timezone;

-- from: metabase/metabase, postgres.clj, set-timezone-sql
SET SESSION TIMEZONE TO 'UTC';

-- from: metabase/metabase, postgres.clj, dates by their parts
SELECT CAST(extract(dow from opened_at) AS integer) + 1 AS dow, CAST(extract(doy from opened_at) AS integer) AS doy,
  CAST(opened_at AS date) AS day, DATE_TRUNC('quarter', opened_at) AS quarter, COUNT(*) AS count
FROM mart.problem GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1 ASC LIMIT 2000;

-- from: metabase/metabase, postgres.clj, median by percentile_cont
SELECT PERCENTILE_CONT(0.5) within group (order by "mart"."problem"."age_days") AS "median" FROM "mart"."problem";

-- from: metabase/metabase, postgres.clj, a part of a text
SELECT substring(name FROM '[a-z]+') AS word, COUNT(*) FROM mart.problem GROUP BY substring(name FROM '[a-z]+') ORDER BY 2 DESC;

-- from: metabase/metabase, postgres.clj, times of the last days as its filters write them
SELECT COUNT(*) FROM mart.problem WHERE opened_at >= DATE_TRUNC('day', (NOW() + INTERVAL '-30 day')) AND opened_at < DATE_TRUNC('day', NOW());

-- from: npgsql/npgsql, src/Npgsql/PostgresDatabaseInfo.cs, types with those of their elements
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid FROM (
  SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid,
    elemtyp.typname AS elemtypname, elemcls.relkind AS elemrelkind,
    CASE WHEN elemproc.proname='array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype
  FROM (SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind,
      CASE WHEN proc.proname='array_recv' THEN 'a' ELSE typ.typtype END AS typtype,
      CASE WHEN proc.proname='array_recv' THEN typ.typelem WHEN typ.typtype='r' THEN rngsubtype
        WHEN typ.typtype='m' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid)
        WHEN typ.typtype='d' THEN typ.typbasetype END AS elemtypoid
    FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
    LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)) AS typ
  LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemtypoid LEFT JOIN pg_class AS elemcls ON (elemcls.oid = elemtyp.typrelid)
  LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive) AS t
JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR (typtype = 'c' AND relkind='c') OR (typtype = 'p' AND typname IN ('record', 'void'))
  OR (typtype = 'a' AND (elemtyptype IN ('b', 'r', 'm', 'e', 'd') OR (elemtyptype = 'p' AND elemtypname IN ('record', 'void'))
    OR (elemtyptype = 'c' AND elemrelkind='c')))
ORDER BY CASE WHEN typtype IN ('b', 'e', 'p') THEN 0 WHEN typtype = 'r' THEN 1 WHEN typtype = 'm' THEN 2 WHEN typtype = 'c' THEN 3
  WHEN typtype = 'd' AND elemtyptype <> 'a' THEN 4 WHEN typtype = 'a' THEN 5 WHEN typtype = 'd' AND elemtyptype = 'a' THEN 6 END;

-- from: npgsql/npgsql, src/Npgsql/PostgresDatabaseInfo.cs, the fields of composites
SELECT typ.oid, att.attname, att.atttypid FROM pg_type AS typ JOIN pg_namespace AS ns ON (ns.oid = typ.typnamespace)
JOIN pg_class AS cls ON (cls.oid = typ.typrelid) JOIN pg_attribute AS att ON (att.attrelid = typ.typrelid)
WHERE (typ.typtype = 'c' AND cls.relkind='c') AND attnum > 0 AND NOT attisdropped ORDER BY typ.oid, att.attnum;

-- from: dbeaver/dbeaver, plugins/org.jkiss.dbeaver.ext.postgresql/src/org/jkiss/dbeaver/ext/postgresql/model/PostgreSchema.java, indexes
SELECT i.*,i.indkey as keys,c.relname,c.relnamespace,c.relam,tc.relname as tabrelname,dsc.description,
  pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as expr
FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid=i.indrelid
LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid=dsc.objoid
WHERE c.relnamespace = 'mart'::regnamespace ORDER BY c.relname;

-- from: dbeaver/dbeaver, PostgreSchema.java, constraints
SELECT c.oid,c.*,t.relname as tabrelname,rt.relnamespace as refnamespace,d.description FROM pg_catalog.pg_constraint c
INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_constraint'::regclass
WHERE t.relnamespace = 'mart'::regnamespace;

-- from: dbeaver/dbeaver, PostgreSchema.java, tables with what parts them
SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr, pg_catalog.pg_get_partkeydef(c.oid) as partition_key
FROM pg_catalog.pg_class c
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_class'::regclass
WHERE c.relnamespace='mart'::regnamespace AND c.relkind not in ('i','I','c');

-- from: dbeaver/dbeaver, PostgreSchema.java, sizes
SELECT c.oid, pg_catalog.pg_total_relation_size(c.oid) as total_rel_size, pg_catalog.pg_relation_size(c.oid) as rel_size
FROM pg_class c WHERE c.relnamespace='mart'::regnamespace;

-- from: dbeaver/dbeaver, PostgreDatabase.java, roles
SELECT a.oid,a.*,pd.description FROM pg_catalog.pg_roles a LEFT JOIN pg_catalog.pg_shdescription pd ON a.oid = pd.objoid ORDER BY a.rolname;

-- from: apache/superset, superset/db_engine_specs/postgres.py, time grains and convert_dttm
SELECT DATE_TRUNC('week', opened_at) AS __timestamp, count(*) AS count FROM mart.problem
WHERE opened_at >= TO_TIMESTAMP('2026-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
  AND opened_at < TO_TIMESTAMP('2027-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
GROUP BY DATE_TRUNC('week', opened_at) ORDER BY count DESC LIMIT 10000;

-- from: apache/superset, superset/db_engine_specs/postgres.py, a day that is given
SELECT count(*) FROM mart.problem WHERE CAST(opened_at AS DATE) >= TO_DATE('2026-01-01', 'YYYY-MM-DD');

-- from: apache/superset, a table's first rows
SELECT * FROM mart.problem LIMIT 101;

-- from: power bi, its PostgreSQL connector, the rows of a table that is folded into one query
select "_"."name", "_"."state" from "mart"."problem" "_" where "_"."state" = 'open' and "_"."state" is not null limit 4096
