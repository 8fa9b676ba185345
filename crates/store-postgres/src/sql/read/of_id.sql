WHERE
    spec.account_id = $1
    AND spec.execution_id = $2
