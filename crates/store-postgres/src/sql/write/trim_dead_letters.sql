-- Drops the oldest dead letters, so that a function that always fails does not fill the disk.
DELETE FROM lambdura.dead_letters
WHERE
    account_id = $1
    AND dead_letter_id <= (
        SELECT dead_letter_id
        FROM lambdura.dead_letters
        WHERE account_id = $1
        ORDER BY dead_letter_id DESC
        OFFSET $2
        LIMIT 1
    )
