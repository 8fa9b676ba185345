-- Places of servers that died long ago.
DELETE FROM lambdura.places
WHERE
    expires_at < now() - interval '1 hour'
