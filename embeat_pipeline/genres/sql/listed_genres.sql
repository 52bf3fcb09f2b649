-- Genres that artists list, with their own weights where the dump has some.
CREATE TEMP TABLE listed_genres AS
SELECT
    artist_code,
    genre_codes,
    list_resize(coalesce(genre_weights, []), len(genre_codes)) AS genre_weights
FROM read_parquet($artists)
WHERE len(genre_codes) > 0;
