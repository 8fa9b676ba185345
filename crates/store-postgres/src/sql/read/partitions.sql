-- The partitions that were made for weeks: the number of the week, and the name.
SELECT
    substring(partition.relname FROM '_w(\d+)_')::bigint,
    partition.relname::text
FROM
    pg_inherits AS link
    JOIN pg_class AS partition ON partition.oid = link.inhrelid
    JOIN pg_class AS parent ON parent.oid = link.inhparent
    JOIN pg_namespace AS space ON space.oid = parent.relnamespace
WHERE
    space.nspname = 'lambdura'
    AND parent.relname IN ('operations', 'events')
    AND partition.relname ~ '_w\d+_'
