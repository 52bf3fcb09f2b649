-- Artists that list no genre: a vote of their related artists, in both directions.
--
-- A neighbour's vote falls with how far down the related list it stands and is split over its
-- genres by their position. Confidence is a genre's share of all that was voted.
INSERT INTO assigned
WITH neighbour AS (
    SELECT artist_code, related_artist_code AS neighbour_code, 1 / (1 + rank) AS vote
    FROM read_parquet($related_artists)
    UNION ALL
    SELECT related_artist_code, artist_code, 1 / (1 + rank)
    FROM read_parquet($related_artists)
),
vote AS (
    SELECT neighbour.artist_code, listed.genre_code, sum(vote / (1 + listed.position)) AS votes
    FROM neighbour
    JOIN assigned AS listed ON listed.artist_code = neighbour.neighbour_code
    WHERE neighbour.artist_code NOT IN (SELECT artist_code FROM assigned)
    GROUP BY ALL
),
share AS (
    SELECT *, votes / sum(votes) OVER (PARTITION BY artist_code) AS confidence
    FROM vote
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY artist_code ORDER BY confidence DESC, genre_code
        ) - 1 AS position
    FROM share
    WHERE confidence >= $min_confidence
)
SELECT artist_code, genre_code, position, confidence, confidence, 'related'
FROM ranked
WHERE position < $predicted_genres;
