$__conditionalAll(camera IN (${camera:singlequote}), $camera)
    AND $__conditionalAll(camera IN (
        SELECT camera FROM cameras_latest WHERE if(region = '', '-', region) IN (${region:singlequote})
    ), $region)
