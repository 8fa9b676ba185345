-- Forgets one version.
DELETE FROM function_versions
WHERE
    function_name = ?1
    AND function_version = ?2;
