-- Payload of the tracks whose code is in "codes", in order of code; columns are payload fields.
-- $1 tracks, $2 artist facts, $3 and $4 range of codes, upper end excluded
WITH slice AS (
    SELECT tracks.*
    FROM read_parquet($1) AS tracks SEMI JOIN codes USING (track_code)
    WHERE tracks.track_code >= $3 AND tracks.track_code < $4
),
credits AS (
    SELECT
        track_code,
        unnest(artist_codes) AS artist_code,
        generate_subscripts(artist_codes, 1) AS place
    FROM slice
),
facts AS (
    SELECT facts.* FROM read_parquet($2) AS facts SEMI JOIN credits USING (artist_code)
),
-- The first artist in the credits that has genres speaks for the track.
genre_artists AS (
    SELECT track_code, arg_min(artist_code, place) AS artist_code
    FROM credits JOIN facts USING (artist_code)
    WHERE facts.genre_codes IS NOT NULL
    GROUP BY track_code
),
other_names AS (
    SELECT track_code, flatten(list(facts.aliases ORDER BY place)) AS artist_aliases
    FROM credits JOIN facts USING (artist_code)
    WHERE facts.aliases IS NOT NULL
    GROUP BY track_code
)
SELECT
    slice.track_code,
    slice.track_id,
    slice.track_name,
    slice.artist_names,
    slice.artist_codes,
    other_names.artist_aliases,
    genre_facts.genre_codes,
    genre_facts.genres,
    main_facts.related_artist_codes,
    slice.album_code,
    slice.album_name,
    slice.isrc,
    slice.recording_code,
    slice.popularity,
    coalesce(slice.popularity, 0) AS popularity_rank,
    slice.release_year AS year,
    slice.explicit::TINYINT AS explicit,
    -- Shortest decimal of a single-precision number, not its expansion to 17 digits.
    round(slice.tempo::DOUBLE, 3) AS tempo,
    slice.key,
    slice.mode,
    round(slice.energy::DOUBLE, 6) AS energy,
    -- From 0.5 on a track is taken to have no vocals.
    CASE WHEN slice.instrumentalness >= 0.5 THEN 1 END AS instrumental,
    genre_facts.genre_language
FROM slice
LEFT JOIN other_names USING (track_code)
LEFT JOIN genre_artists USING (track_code)
LEFT JOIN facts AS genre_facts ON genre_facts.artist_code = genre_artists.artist_code
LEFT JOIN facts AS main_facts ON main_facts.artist_code = slice.artist_codes[1]
ORDER BY slice.track_code
