-- Which migrations were done. Row 0 is there to be locked.
CREATE SCHEMA IF NOT EXISTS lambdura;

CREATE TABLE IF NOT EXISTS lambdura.migrations (
    version bigint NOT NULL PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO
    lambdura.migrations (version, name)
VALUES
    (0, 'the lock of those who migrate')
ON CONFLICT DO NOTHING;
