WHERE
    spec.execution_key = ANY ($1::bigint[])
