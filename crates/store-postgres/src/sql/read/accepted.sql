-- The numbers under which invocations were accepted, in the order of their request ids; NULL for one that is gone.
SELECT
    (
        SELECT accepted.async_invocation_id
        FROM lambdura.async_invocations AS accepted
        WHERE accepted.account_id = $1 AND accepted.request_id = wanted.request_id
        ORDER BY accepted.async_invocation_id DESC
        LIMIT 1
    ) AS async_invocation_id
FROM
    unnest($2) WITH ORDINALITY AS wanted (request_id, place)
ORDER BY
    wanted.place
