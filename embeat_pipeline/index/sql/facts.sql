-- One row per artist that has genres, related artists or aliases: what its tracks carry of them.
-- $1 artists, $2 artist_genres, $3 genre_map, $4 related_artists, $5 most genres, $6 most related;
-- "genre_languages": languages that go with genres
WITH genres AS (
    SELECT
        artist_code,
        list(genre_code ORDER BY position) AS genre_codes,
        list(genre ORDER BY position) AS genres,
        arg_min(genre_language, position) AS genre_language
    FROM read_parquet($2) AS listed JOIN read_parquet($3) AS genre_map USING (genre_code)
    LEFT JOIN genre_languages USING (genre_code)
    WHERE position < $5
    GROUP BY artist_code
),
closest AS (
    SELECT
        related.artist_code,
        related.related_artist_code,
        row_number() OVER (
            PARTITION BY related.artist_code ORDER BY related.rank, related.related_artist_code
        ) AS place
    FROM read_parquet($4) AS related
    JOIN read_parquet($1) AS artists ON artists.artist_code = related.related_artist_code
    WHERE artists.num_tracks > 0 AND related.related_artist_code != related.artist_code
),
related AS (
    SELECT
        artist_code,
        string_agg(related_artist_code::VARCHAR, ' ' ORDER BY place) AS related_artist_codes
    FROM closest
    WHERE place <= $6
    GROUP BY artist_code
),
named AS (SELECT artist_code, aliases FROM read_parquet($1) WHERE len(aliases) > 0)
SELECT artist_code, genre_codes, genres, genre_language, related_artist_codes, aliases
FROM genres FULL JOIN related USING (artist_code) FULL JOIN named USING (artist_code)
ORDER BY artist_code
