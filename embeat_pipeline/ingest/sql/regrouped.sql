-- Which tracks are one recording, among those that may have come into another group: all, or the
-- touched ones and whatever earlier track has a song, an ISRC or a recording in common with one.

--: run
CREATE TEMP VIEW untouched AS
FROM earlier_tracks SEMI JOIN reached ON reached.code = track_code
ANTI JOIN tracks ON tracks.code = track_code;

CREATE TEMP VIEW regarded AS
SELECT tracks.code, isrc, duration_ms, recording_code,
       sound_of(tracks.tempo, tracks.energy, tracks.valence, tracks.acousticness,
                tracks.speechiness) AS sound
FROM tracks LEFT JOIN (SELECT track_code AS code, recording_code FROM earlier_tracks
                       SEMI JOIN reached ON reached.code = track_code) USING (code)
UNION ALL
SELECT track_code, isrc, duration_ms, recording_code,
       sound_of(tempo, energy, valence, acousticness, speechiness)
FROM untouched;

CREATE TEMP VIEW regarded_songs AS
SELECT track_code, song, credited FROM songs
UNION ALL
SELECT track_code, song, credited FROM earlier_songs SEMI JOIN untouched USING (track_code);

-- Most songs are there once, and need no comparing.
CREATE TEMP TABLE several AS
SELECT track_code AS code, song, credited FROM regarded_songs
WHERE song IN (SELECT song FROM regarded_songs GROUP BY song HAVING count(*) > 1)
   OR credited IN (SELECT credited FROM regarded_songs GROUP BY credited HAVING count(*) > 1);

CREATE TEMP VIEW titled AS
SELECT code, song, credited, duration_ms, sound FROM regarded JOIN several USING (code);

--: view recordings
-- One recording: one ISRC or, where a track has none, what same_recording.sql says. A track of
-- which too little is known is a recording of its own.
WITH anchored AS (
    SELECT code, coalesce('i' || coalesce(isrc, min(isrc) OVER same), 'c' || first) AS key
    FROM same_recording('titled') JOIN regarded USING (code)
    WINDOW same AS (PARTITION BY first)
), keyed AS (
    SELECT regarded.code, recording_code,
           coalesce(anchored.key, 'i' || isrc, 'c' || regarded.code) AS key
    FROM regarded LEFT JOIN anchored USING (code)
)
SELECT code AS track_code, recording_code AS earlier_code,
       min(code) OVER (PARTITION BY key) AS first
FROM keyed ORDER BY track_code;
