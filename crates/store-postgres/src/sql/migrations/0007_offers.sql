-- Work that waits for whoever asks for it is a callback with a name that begins so: found by name, however much else is
-- open.
CREATE INDEX operations_offers ON lambdura.operations (name, execution_key)
WHERE
    type = 'CALLBACK'
    AND ended_at IS NULL
    AND name >= 'activity:'
    AND name < 'activity;';
