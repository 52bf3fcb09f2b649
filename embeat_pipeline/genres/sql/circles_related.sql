-- Related artists, in both directions: around every artist, those it is related to.
INSERT INTO circle
WITH edge AS (
    SELECT artist_code AS circle, related_artist_code AS artist_code, 1 / (1 + rank) AS weight
    FROM read_parquet($related_artists)
    UNION ALL
    SELECT related_artist_code, artist_code, 1 / (1 + rank)
    FROM read_parquet($related_artists)
)
SELECT circle, artist_code, max(weight) AS weight
FROM edge
WHERE circle != artist_code
GROUP BY circle, artist_code;
