-- Which server may run how many invocations of a function whose concurrency is reserved.
CREATE TABLE lambdura.places (
    account_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    server_id bigint NOT NULL,
    held bigint NOT NULL,
    -- How many it could use.
    wanted bigint NOT NULL,
    -- The newest question of the server.
    question bigint NOT NULL,
    -- What it holds is nobody's from then on.
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, function_name, server_id)
) WITH (fillfactor = 50);

-- Whoever changes who has which places of a function locks its row.
CREATE TABLE lambdura.place_locks (
    account_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, function_name)
);
