-- The stacks that were deployed to these servers.
CREATE TABLE lambdura.stacks (
    account_id text COLLATE "C" NOT NULL,
    stack_name text COLLATE "C" NOT NULL,
    -- What it is made of, as JSON.
    document text NOT NULL,
    -- Epoch milliseconds.
    deployed_at bigint NOT NULL,
    PRIMARY KEY (account_id, stack_name)
);

-- Raised by every change, which names the revision that it was made on.
CREATE TABLE lambdura.stack_revisions (
    account_id text COLLATE "C" NOT NULL PRIMARY KEY,
    revision bigint NOT NULL
);
