WHERE
    spec.account_id = $1
    AND spec.function_name = $2
    AND spec.execution_name = $3
