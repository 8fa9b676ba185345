-- Part of the first migration, where the server was built with lz4. Partitions take it over.
ALTER TABLE lambdura.execution_specs ALTER COLUMN input SET COMPRESSION lz4;

ALTER TABLE lambdura.execution_states ALTER COLUMN result SET COMPRESSION lz4;

ALTER TABLE lambdura.operations
    ALTER COLUMN input SET COMPRESSION lz4,
    ALTER COLUMN result SET COMPRESSION lz4;

ALTER TABLE lambdura.operations_default
    ALTER COLUMN input SET COMPRESSION lz4,
    ALTER COLUMN result SET COMPRESSION lz4;

ALTER TABLE lambdura.events ALTER COLUMN payload SET COMPRESSION lz4;

ALTER TABLE lambdura.events_default ALTER COLUMN payload SET COMPRESSION lz4;

ALTER TABLE lambdura.async_invocations ALTER COLUMN payload SET COMPRESSION lz4;

ALTER TABLE lambdura.dead_letters ALTER COLUMN payload SET COMPRESSION lz4;
