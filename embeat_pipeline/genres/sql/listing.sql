-- What artists list, with their own weight for each genre where the dump has one.
CREATE TEMP TABLE listing AS
SELECT
    artist_code,
    genre_codes,
    list_resize(coalesce(genre_weights, []), len(genre_codes)) AS genre_weights
FROM read_parquet($artists)
WHERE len(genre_codes) > 0;
