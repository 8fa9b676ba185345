-- A server keeps what it says of what it has, and gets what others leave, up to its goal.
WITH
    asked AS (
        SELECT *
        FROM
            unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
                AS ask (function_name, most, keep, goal, wanted)
    ),
    live AS (
        SELECT
            function_name,
            coalesce(sum(held) FILTER (WHERE server_id <> $2), 0)::bigint AS of_others,
            coalesce(sum(held) FILTER (WHERE server_id = $2), 0)::bigint AS own
        FROM
            lambdura.places
        WHERE
            account_id = $1
            AND function_name = ANY ($3)
            AND expires_at > clock_timestamp()
        GROUP BY
            function_name
    )
INSERT INTO
    lambdura.places (account_id, function_name, server_id, held, wanted, question, expires_at)
SELECT
    $1,
    asked.function_name,
    $2,
    greatest(
        least(asked.keep, coalesce(live.own, 0)),
        least(asked.goal, greatest(asked.most - coalesce(live.of_others, 0), 0))
    ),
    asked.wanted,
    $9,
    clock_timestamp() + make_interval(secs => $8)
FROM
    asked
    LEFT JOIN live USING (function_name)
ON CONFLICT (account_id, function_name, server_id) DO UPDATE
SET
    held = excluded.held,
    wanted = excluded.wanted,
    question = excluded.question,
    expires_at = excluded.expires_at
WHERE
    lambdura.places.question < excluded.question
