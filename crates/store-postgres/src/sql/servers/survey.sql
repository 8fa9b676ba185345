-- The servers that live, and those that died within the last hour, with the invocations that they have begun. The index of
-- what owes work holds few rows beside all that is kept.
SELECT
    server.server_id,
    server.address,
    server.secret,
    server.version,
    server.started_at,
    server.is_leaving,
    (extract(epoch FROM server.expires_at) * 1000)::bigint,
    (extract(epoch FROM now()) * 1000)::bigint,
    (
        SELECT count(*)
        FROM lambdura.execution_states AS state
        WHERE
            state.account_id = server.account_id
            AND state.owes_work
            AND state.invocation = 'ACTIVE'
            AND state.invocation_owner = server.server_id
    )
FROM
    lambdura.servers AS server
WHERE
    server.account_id = $1
    AND server.expires_at > now() - interval '1 hour'
