-- Servers that died long ago. Their shards are nobody's since then.
DELETE FROM lambdura.servers
WHERE
    expires_at < now() - interval '1 hour'
