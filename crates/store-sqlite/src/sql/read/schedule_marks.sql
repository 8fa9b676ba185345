-- How far all schedules have come.
SELECT
    schedule_arn,
    definition,
    done_until
FROM
    schedule_marks
ORDER BY
    schedule_arn;
