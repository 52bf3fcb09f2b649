-- Every genre that an artist lists, with its weight and its place on the map.
--
-- Weight = global x local weight; local = 1 in dumps without local weights. A spelling variant
-- counts as the genre it stands for (table variants); if an artist lists both, the higher weight
-- counts.
CREATE TABLE remaining AS
SELECT
    artist.artist_code,
    map.genre_code,
    map.weight::DOUBLE * artist.local AS weight,
    map.x::DOUBLE AS x,
    map.y::DOUBLE AS y
FROM (
    SELECT
        entry.artist_code,
        coalesce(variants.genre_code, entry.genre_code) AS genre_code,
        max(entry.local) AS local
    FROM (
        SELECT
            artist_code,
            unnest(genre_codes) AS genre_code,
            greatest(coalesce(unnest(genre_weights)::DOUBLE, 1), 1e-6) AS local
        FROM listed_genres
    ) AS entry
    LEFT JOIN variants ON variants.variant_code = entry.genre_code
    GROUP BY ALL
) AS artist
JOIN read_parquet($genre_map) AS map USING (genre_code);

CREATE TABLE assigned (
    artist_code UINTEGER,
    genre_code UINTEGER,
    position UTINYINT,
    score FLOAT,
    confidence FLOAT,
    source VARCHAR,
    runner_up_code UINTEGER,
    runner_up_confidence FLOAT
);
