-- Writers that nobody has heard of for long.
DELETE FROM lambdura.writers
WHERE
    seen_at < now() - interval '30 days'
