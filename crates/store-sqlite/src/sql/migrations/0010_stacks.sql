-- The stacks that were deployed to this server.
CREATE TABLE deployed_stacks (
    stack_name TEXT NOT NULL PRIMARY KEY,
    -- What it is made of, as JSON.
    document TEXT NOT NULL,
    -- Epoch milliseconds.
    deployed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Raised by every change: one row.
CREATE TABLE deployed_stacks_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
    revision INTEGER NOT NULL
) STRICT;

INSERT INTO
    deployed_stacks_revision (id, revision)
VALUES
    (0, 0);
