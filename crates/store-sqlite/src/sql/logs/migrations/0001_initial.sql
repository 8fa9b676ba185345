-- Version 1 of the log database: what function processes print, and what they trace.
--
-- Kept apart from executions: it is written without waiting for the disk, and cut at its old end.
-- Instants are milliseconds since 1970-01-01T00:00:00Z, in columns that end in `_at`.

CREATE TABLE log_lines (
    -- Ascending in the order of recording; never given twice, so that a reader can follow.
    line_number INTEGER PRIMARY KEY AUTOINCREMENT,
    recorded_at INTEGER NOT NULL,
    function_name TEXT NOT NULL,
    function_version TEXT NOT NULL,
    request_id TEXT,
    execution_id TEXT,
    -- STDOUT, STDERR, PLATFORM
    stream TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE INDEX log_lines_by_execution ON log_lines (execution_id)
WHERE
    execution_id IS NOT NULL;

CREATE INDEX log_lines_by_request ON log_lines (request_id)
WHERE
    request_id IS NOT NULL;

-- X-Ray segment documents, as JSON.
CREATE TABLE segments (
    segment_number INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id TEXT NOT NULL,
    arrived_at INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX segments_by_trace ON segments (trace_id);

-- For people with the `sqlite3` shell.
CREATE VIEW logs AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%fZ', recorded_at / 1000.0, 'unixepoch') AS recorded,
    function_name,
    function_version,
    stream,
    text,
    request_id,
    execution_id
FROM
    log_lines
ORDER BY
    line_number;
