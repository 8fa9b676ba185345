-- Forgets the oldest tenth of the lines, by number.
DELETE FROM log_lines
WHERE
    line_number <= (
        SELECT
            min(line_number) + (max(line_number) - min(line_number)) / 10
        FROM
            log_lines
    );
