-- Lines with the beginnings of their texts. Followed by the order.
SELECT
    number,
    happened_at,
    function_name,
    function_version,
    request_id,
    execution_id,
    stream,
    left(text, $8) AS text,
    text_bytes
FROM
    lambdura.log_lines
WHERE
    account_id = $1
    AND ($2::text IS NULL OR function_name = $2)
    AND ($3::text IS NULL OR execution_id = $3)
    AND ($4::text IS NULL OR request_id = $4)
    AND number > $5
    AND number < $6
