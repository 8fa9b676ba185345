-- How an execution ended. It ends once; later transitions find the row there.
INSERT INTO
    execution_outcomes (
        execution_key, has_error, error_type, error_message, error_data, error_stack_trace, result
    )
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO NOTHING;
