-- One hop: an artist's related artists vote with the genres they list.
INSERT INTO vote
WITH neighbour AS (
    SELECT circle AS artist_code, artist_code AS neighbour_code, weight
    FROM circle
    SEMI JOIN scored ON scored.artist_code = circle.circle
    SEMI JOIN labelled ON labelled.artist_code = circle.artist_code
    QUALIFY row_number() OVER (
        PARTITION BY circle.circle ORDER BY weight DESC, circle.artist_code
    ) <= $max_circles
),
total AS (
    SELECT artist_code, sum(weight) AS total FROM neighbour GROUP BY artist_code
)
SELECT
    $source,
    neighbour.artist_code,
    label.genre_code,
    sum(neighbour.weight) / 1024,
    any_value(total.total) / 1024
FROM neighbour
JOIN label ON label.artist_code = neighbour.neighbour_code
JOIN total ON total.artist_code = neighbour.artist_code
GROUP BY neighbour.artist_code, label.genre_code;
