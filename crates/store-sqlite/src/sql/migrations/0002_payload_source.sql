-- Version 2: a large payload is stored once.
--
-- An event repeats the result of the operation that it reports, and the first one the input of the
-- execution. With 256 KiB results and 6 MiB inputs that doubled what a commit had to write. From
-- here on, a large payload stays out of the event, which says where it lies instead. Events that
-- were written before keep their own copy.

-- NULL: in `payload`. EXECUTION_INPUT, EXECUTION_RESULT: of the execution.
-- OPERATION_INPUT, OPERATION_RESULT: of the event's operation, which has ended and cannot change.
ALTER TABLE events ADD COLUMN payload_source TEXT;

-- A view's columns are fixed when it is created.
DROP VIEW execution_events;

CREATE VIEW execution_events AS
SELECT
    spec.execution_id,
    event.*
FROM
    events AS event
    JOIN execution_specs AS spec USING (execution_key);
