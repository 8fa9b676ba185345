-- Whether this role may make what a server makes: the schema, or, where it is there, tables and partitions in it.
SELECT
    CASE
        WHEN to_regnamespace('lambdura') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege('lambdura', 'CREATE')
    END
