-- Payload of the artists whose code is in "codes", in order of code; columns are payload fields.
-- $1 artists, $2 artist facts, $3 and $4 range of codes, upper end excluded
SELECT
    artists.artist_code,
    artists.artist_id,
    artists.artist_name,
    facts.aliases,
    facts.genre_codes,
    facts.genres,
    facts.related_artist_codes,
    coalesce(artists.popularity, 0) AS popularity_rank,
    artists.num_tracks
FROM read_parquet($1) AS artists
SEMI JOIN codes USING (artist_code)
LEFT JOIN read_parquet($2) AS facts USING (artist_code)
WHERE artists.artist_code >= $3 AND artists.artist_code < $4
ORDER BY artists.artist_code
