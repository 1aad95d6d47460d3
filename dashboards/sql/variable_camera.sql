SELECT camera AS value, concat(if(name = '', camera, name), if(deleted, ' ✕', '')) AS text
FROM cameras_latest
WHERE $__conditionalAll(if(region = '', '-', region) IN (${region:singlequote}), $region)
ORDER BY deleted, text
