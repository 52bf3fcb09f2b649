-- Every genre an artist lists, with its weight and its place on the map.
-- W = global x local weight; dumps without local weights have local = 1.
CREATE TABLE remaining AS
SELECT
    artist.artist_code,
    map.genre_code,
    map.weight::DOUBLE AS weight,
    map.x::DOUBLE AS x,
    map.y::DOUBLE AS y
FROM (
    SELECT artist_code, unnest(list_distinct(genre_codes)) AS genre_code
    FROM read_parquet($artists)
    WHERE len(genre_codes) > 0
) AS artist
JOIN read_parquet($genre_map) AS map USING (genre_code);

CREATE TABLE assigned (
    artist_code UINTEGER,
    genre_code UINTEGER,
    position UTINYINT,
    score FLOAT,
    confidence FLOAT,
    source VARCHAR
);
