-- What functions printed and traced. Bounded: the oldest are removed.

CREATE TABLE lambdura.log_lines (
    account_id text COLLATE "C" NOT NULL,
    -- Ascending in the order of recording.
    number bigint GENERATED ALWAYS AS IDENTITY,
    happened_at bigint NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    function_version text COLLATE "C" NOT NULL,
    request_id text COLLATE "C",
    execution_id text COLLATE "C",
    -- STDOUT, STDERR, PLATFORM
    stream text COLLATE "C" NOT NULL,
    -- Bytes of the line as it was printed.
    text_bytes bigint NOT NULL,
    text text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, number)
);

CREATE INDEX log_lines_by_execution ON lambdura.log_lines (account_id, execution_id, number)
WHERE
    execution_id IS NOT NULL;

CREATE INDEX log_lines_by_request ON lambdura.log_lines (account_id, request_id, number)
WHERE
    request_id IS NOT NULL;

CREATE TABLE lambdura.trace_segments (
    account_id text COLLATE "C" NOT NULL,
    -- Ascending in the order of arrival.
    number bigint GENERATED ALWAYS AS IDENTITY,
    trace_id text COLLATE "C" NOT NULL,
    arrived_at bigint NOT NULL,
    -- Bytes of the document as it arrived.
    document_bytes bigint NOT NULL,
    -- The JSON text of X-Ray.
    document text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, number)
);

CREATE INDEX trace_segments_by_trace ON lambdura.trace_segments (account_id, trace_id, number);
