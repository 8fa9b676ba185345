-- One line that a function process printed.
INSERT INTO
    log_lines (
        recorded_at, function_name, function_version, request_id, execution_id, stream, text
    )
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7);
