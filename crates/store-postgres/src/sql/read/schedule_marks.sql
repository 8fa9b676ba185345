-- How far schedules have come.
SELECT
    schedule_arn,
    definition,
    done_until
FROM
    lambdura.schedule_marks
WHERE
    account_id = $1
ORDER BY
    schedule_arn
