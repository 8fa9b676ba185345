-- The keys of executions, by the places of their ids.
SELECT
    asked.place,
    spec.execution_key
FROM
    unnest($2) WITH ORDINALITY AS asked (execution_id, place)
    CROSS JOIN LATERAL (
        SELECT execution_key FROM lambdura.execution_specs
        WHERE account_id = $1 AND execution_id = asked.execution_id
        OFFSET 0
    ) AS spec
