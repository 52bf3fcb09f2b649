-- The related artists of an artist vote with the genres they list.
INSERT INTO vote
WITH neighbour AS (
    SELECT group_code AS artist_code, artist_code AS neighbour_code, weight
    FROM membership
    SEMI JOIN scored ON scored.artist_code = membership.group_code
    SEMI JOIN labelled ON labelled.artist_code = membership.artist_code
    QUALIFY row_number() OVER (
        PARTITION BY membership.group_code ORDER BY weight DESC, membership.artist_code
    ) <= $max_groups
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
