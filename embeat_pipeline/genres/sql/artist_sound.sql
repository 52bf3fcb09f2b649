-- Mean audio features of the scored artists and of a sample of those that list genres.
WITH wanted AS (
    SELECT artist_code FROM scored
    UNION
    (SELECT artist_code FROM labelled ORDER BY hash(artist_code, $seed), artist_code
     LIMIT $max_sound_labelled)
),
track AS (
    SELECT
        * EXCLUDE (artist_codes),
        unnest(list_distinct(artist_codes[1:$max_credits])) AS artist_code
    FROM read_parquet($tracks)
    WHERE energy IS NOT NULL
)
SELECT
    artist_code,
    round(avg(danceability), 5)::FLOAT AS danceability,
    round(avg(energy), 5)::FLOAT AS energy,
    round(avg(valence), 5)::FLOAT AS valence,
    round(avg(acousticness), 5)::FLOAT AS acousticness,
    round(avg(liveness), 5)::FLOAT AS liveness,
    round(avg(speechiness), 5)::FLOAT AS speechiness,
    round(avg(instrumentalness), 5)::FLOAT AS instrumentalness,
    round(avg(loudness), 4)::FLOAT AS loudness,
    round(avg(tempo), 4)::FLOAT AS tempo,
    round(avg(mode), 5)::FLOAT AS mode,
    round(avg(ln(greatest(duration_ms, 1))), 5)::FLOAT AS duration,
    round(avg(release_year), 4)::FLOAT AS release_year,
    round(avg(explicit::INTEGER), 5)::FLOAT AS explicit
FROM track
SEMI JOIN wanted USING (artist_code)
GROUP BY artist_code
ORDER BY artist_code;
