SELECT DISTINCT if(region = '', '-', region) AS value, if(region = '', '—', region) AS text
FROM cameras_latest
ORDER BY text
