-- The record of changes: who did what, when, from where. Bounded: the oldest of each kind are removed.
CREATE TABLE lambdura.audit_records (
    account_id text COLLATE "C" NOT NULL,
    -- MANAGEMENT (a change of the service), DATA (a use of what is there, or a refusal)
    kind text COLLATE "C" NOT NULL,
    -- Sorts by time: milliseconds, the run of the server, a number; hexadecimal.
    record_id text COLLATE "C" NOT NULL,
    -- Epoch milliseconds.
    recorded_at bigint NOT NULL,
    -- The address of the server that was asked.
    server text COLLATE "C",
    who text COLLATE "C" NOT NULL,
    access_key_id text COLLATE "C",
    source_ip text COLLATE "C",
    -- IAM's name of the action.
    action text COLLATE "C" NOT NULL,
    resource text COLLATE "C" NOT NULL,
    -- done, refused, failed
    outcome text COLLATE "C" NOT NULL,
    -- The HTTP status and the error of the answer.
    status bigint,
    error text COLLATE "C",
    PRIMARY KEY (account_id, kind, record_id)
);

-- Of a migration, the oldest schema whose program can go on after it: a program that knows no newer schema than that
-- refuses the database, and so it does where nobody says so. A table of its own: those who wait for the lock of who
-- migrates hold `migrations`, and whoever migrates must not change what they hold.
CREATE TABLE lambdura.readers (
    version bigint NOT NULL PRIMARY KEY,
    oldest_reader bigint NOT NULL
);
