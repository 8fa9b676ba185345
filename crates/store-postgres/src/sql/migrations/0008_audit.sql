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

-- The oldest schema whose program can go on with this one: a program that knows no newer schema than that refuses the
-- database. NULL where nobody says so: only a program that knows the migration can.
ALTER TABLE lambdura.migrations ADD COLUMN oldest_reader bigint;
