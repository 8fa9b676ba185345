-- What servers have of these functions, and the time of the database in milliseconds.
SELECT
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    function_name,
    server_id,
    held,
    wanted
FROM
    lambdura.places
WHERE
    account_id = $1
    AND function_name = ANY ($2)
    AND expires_at > clock_timestamp()
ORDER BY
    function_name,
    server_id
