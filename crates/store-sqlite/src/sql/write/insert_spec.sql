-- Starts an execution. Changes nothing when its id or its name within the function is taken.
INSERT INTO
    execution_specs (
        execution_id, execution_name, partition, region, account_id, function_name,
        function_version, started_at, execution_timeout_seconds, retention_days,
        result_bytes_max, trace_header, tenant_id, parent_execution_id, parent_operation_id, event_source,
        event_source_name, input
    )
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
ON CONFLICT DO NOTHING;
