-- What the plot of the genre map shows. Places are scaled to 0..1.

--: genres
WITH bounds AS (
    SELECT min(x) AS left_x, max(x) AS right_x, min(y) AS top_y, max(y) AS bottom_y
    FROM read_parquet($genre_map)
),
size AS (
    SELECT genre_code, count(*) AS artists
    FROM read_parquet($artist_genres)
    WHERE position = 0
    GROUP BY genre_code
)
SELECT
    genre,
    (x - left_x) / greatest(right_x - left_x, 1e-9) AS x,
    (y - top_y) / greatest(bottom_y - top_y, 1e-9) AS y,
    artists
FROM size
JOIN read_parquet($genre_map) USING (genre_code)
CROSS JOIN bounds
WHERE x IS NOT NULL AND y IS NOT NULL
ORDER BY artists DESC, genre_code
LIMIT $number;

--: artists
WITH bounds AS (
    SELECT min(x) AS left_x, max(x) AS right_x, min(y) AS top_y, max(y) AS bottom_y
    FROM read_parquet($genre_map)
),
artist AS (
    SELECT
        artist_code,
        bool_and(source = 'listed') AS listed,
        sum(confidence / (1 + position) * x) / sum(confidence / (1 + position)) AS x,
        sum(confidence / (1 + position) * y) / sum(confidence / (1 + position)) AS y
    FROM read_parquet($artist_genres)
    JOIN read_parquet($genre_map) USING (genre_code)
    WHERE x IS NOT NULL AND y IS NOT NULL
    GROUP BY artist_code
)
SELECT
    listed,
    (x - left_x) / greatest(right_x - left_x, 1e-9) AS x,
    (y - top_y) / greatest(bottom_y - top_y, 1e-9) AS y
FROM artist CROSS JOIN bounds
QUALIFY row_number() OVER (PARTITION BY listed ORDER BY hash(artist_code), artist_code) <= $number
ORDER BY listed DESC, hash(artist_code);
