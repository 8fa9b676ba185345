-- Those with the name ?3, of the function ?1 or of all: names are unique within a function, so that there are as many
-- as functions at the most. From the key ?10 back. (?9 is for the other ways.)
FROM
    execution_specs AS spec INDEXED BY execution_specs_by_name
    CROSS JOIN execution_states AS state USING (execution_key)
    LEFT JOIN execution_outcomes AS outcome USING (execution_key)
WHERE
    spec.function_name IN (
        SELECT function_name FROM execution_counts WHERE ?1 IS NULL OR function_name = ?1
    )
    AND spec.execution_name = ?3
    AND spec.execution_key < ?10
    AND ?9 IS NOT NULL
ORDER BY
    spec.execution_key DESC;
