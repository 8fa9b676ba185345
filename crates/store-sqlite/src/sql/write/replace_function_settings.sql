-- What holds for a function whatever its version.
INSERT INTO
    function_settings (function_name, settings)
VALUES
    (?1, ?2)
ON CONFLICT DO UPDATE
SET
    settings = excluded.settings;
