-- Give position $position to the best of each artist's remaining genres.
--
-- C is the weighted centroid of the remaining genres, D the distance of a genre to it, and
--     score = W / (1 + (D / S)^a).
-- A genre without a place on the map scores 0, so it comes after all others. Equal scores are
-- ordered by weight, then by code.
INSERT INTO assigned
WITH centroid AS (
    SELECT
        artist_code,
        sum(weight * x) FILTER (x IS NOT NULL) / sum(weight) FILTER (x IS NOT NULL) AS x,
        sum(weight * y) FILTER (x IS NOT NULL) / sum(weight) FILTER (x IS NOT NULL) AS y
    FROM remaining
    GROUP BY artist_code
),
scored AS (
    SELECT
        genre.artist_code,
        genre.genre_code,
        genre.weight,
        CASE
            WHEN genre.x IS NULL THEN 0
            ELSE genre.weight / (
                1 + pow(sqrt(pow(genre.x - centroid.x, 2) + pow(genre.y - centroid.y, 2)) / $scale,
                        $exponent)
            )
        END AS score
    FROM remaining AS genre
    JOIN centroid USING (artist_code)
),
best AS (
    SELECT
        artist_code,
        max({'score': score, 'weight': weight, 'tie': -genre_code::BIGINT}) AS top
    FROM scored
    GROUP BY artist_code
)
SELECT artist_code, -top.tie, $position, top.score, 1, 'listed', NULL, NULL
FROM best;

DELETE FROM remaining
USING assigned
WHERE remaining.artist_code = assigned.artist_code
  AND remaining.genre_code = assigned.genre_code
  AND assigned.position = $position;
