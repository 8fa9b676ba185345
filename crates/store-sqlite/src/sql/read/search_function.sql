-- Those of the function ?1, in the order of starts, from the instant ?9 and the key ?10 back.
FROM
    execution_specs AS spec INDEXED BY execution_specs_by_function_start
    CROSS JOIN execution_states AS state USING (execution_key)
    LEFT JOIN execution_outcomes AS outcome USING (execution_key)
WHERE
    spec.function_name = ?1
    AND spec.started_at <= ?9
    AND (spec.started_at, spec.execution_key) < (?9, ?10)
    -- Nothing older can match; the condition lets the index end there.
    AND spec.started_at > ifnull(?6, -9223372036854775808)
ORDER BY
    spec.started_at DESC,
    spec.execution_key DESC;
