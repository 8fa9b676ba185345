-- All versions of all functions; the program sorts them, because versions are numbers.
SELECT
    function_name,
    function_version,
    code_sha256,
    config_sha256,
    code_dir,
    configuration,
    published_at
FROM
    lambdura.function_versions
WHERE
    account_id = $1
