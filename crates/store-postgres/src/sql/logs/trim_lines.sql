-- Removes the oldest tenth of the lines of an account, if there are more than $2, or if the newest of that tenth is older
-- than $3 milliseconds. How many there are is taken from their numbers.
WITH
    ends AS (
        SELECT
            (SELECT number FROM lambdura.log_lines WHERE account_id = $1 ORDER BY number LIMIT 1) AS first,
            (SELECT number FROM lambdura.log_lines WHERE account_id = $1 ORDER BY number DESC LIMIT 1) AS last
    ),
    tenth AS (
        SELECT
            first + (last - first) / 10 AS until,
            last - first + 1 > $2 AS is_too_much
        FROM ends
    )
DELETE FROM lambdura.log_lines
USING tenth
WHERE
    account_id = $1
    AND number <= tenth.until
    AND (
        tenth.is_too_much
        OR (
            SELECT newest.happened_at
            FROM lambdura.log_lines AS newest
            WHERE newest.account_id = $1 AND newest.number <= tenth.until
            ORDER BY newest.number DESC
            LIMIT 1
        ) < (extract(epoch FROM now()) * 1000)::bigint - $3
    )
