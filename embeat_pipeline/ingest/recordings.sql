-- Which artists a track credits, which tracks are one album, and which are one recording.

--: view credits
-- A name that was not credited is the artist's own; an artist credited twice counts once.
SELECT track_code, artist_code, min(position) AS position,
       coalesce(arg_min(credited_name, position), any_value(artist_name)) AS artist_name
FROM (
    SELECT credit.track_code, credit.position, credit.artist_name AS credited_name,
           coalesce(by_id.code, by_name.code) AS artist_code
    FROM (
        SELECT code AS track_code, unnest(artist_ids) AS artist_id,
               unnest(artist_names) AS artist_name,
               unnest(range(greatest(len(artist_ids), len(artist_names)))) AS position
        FROM tracks
    ) AS credit
    LEFT JOIN artist_of_id AS by_id ON by_id.artist_id = credit.artist_id
    LEFT JOIN artist_of_name AS by_name
           ON credit.artist_id IS NULL AND by_name.artist_name = credit.artist_name
) JOIN artists ON artists.code = artist_code
GROUP BY track_code, artist_code ORDER BY track_code, position;

--: run
CREATE TEMP TABLE main_artist AS
SELECT track_code AS code, arg_min(artist_code, position) AS artist_code,
       bit_xor(hash(artist_code)) AS artists
FROM credits GROUP BY track_code;

--: view albums
-- One album: one id or, where that is missing, one name and main artist.
SELECT if(key IS NULL, NULL, min(code) OVER (PARTITION BY key)) AS first
FROM (
    SELECT tracks.code, CASE WHEN album_id IS NOT NULL THEN 'i' || album_id
                             ELSE 'n' || artist_code || ' ' || lower(album_name) END AS key
    FROM tracks LEFT JOIN main_artist USING (code)
) ORDER BY code;

--: view songs
SELECT tracks.code AS track_code, hash(recording_key, artist_code) AS song,
       hash(recording_key, artists) AS credited
FROM tracks JOIN main_artist USING (code)
WHERE recording_key IS NOT NULL AND duration_ms IS NOT NULL;

--: run
-- Most songs are there once, and need no comparing.
CREATE TEMP TABLE several AS
SELECT track_code AS code FROM songs
WHERE song IN (SELECT song FROM songs GROUP BY song HAVING count(*) > 1)
   OR credited IN (SELECT credited FROM songs GROUP BY credited HAVING count(*) > 1);

CREATE TEMP VIEW titled AS
SELECT tracks.code, recording_key, artist_code AS main_artist, artists, duration_ms,
       sound_of(tempo, energy, valence, acousticness, speechiness) AS sound
FROM tracks SEMI JOIN several USING (code) JOIN main_artist USING (code);

--: view recordings
-- One recording: one ISRC or, where a track has none, what same_recording.sql says. A track of
-- which too little is known is a recording of its own.
WITH anchored AS (
    SELECT code, coalesce('i' || coalesce(isrc, min(isrc) OVER same), 'c' || first) AS key
    FROM same_recording('titled') JOIN tracks USING (code)
    WINDOW same AS (PARTITION BY first)
), keyed AS (
    SELECT tracks.code, coalesce(anchored.key, 'i' || isrc, 'c' || tracks.code) AS key
    FROM tracks LEFT JOIN anchored USING (code)
)
SELECT min(code) OVER (PARTITION BY key) AS first FROM keyed ORDER BY code;
