-- Group tracks into recordings. These are the tracks that may belong to another recording than
-- before: all, or the affected ones and the previous ones in regrouped_tracks.

--: execute
CREATE TEMP VIEW unaffected AS
FROM previous_tracks SEMI JOIN regrouped_tracks ON regrouped_tracks.code = track_code
ANTI JOIN tracks ON tracks.code = track_code;

CREATE TEMP VIEW grouped_tracks AS
SELECT tracks.code, isrc, duration_ms, recording_code,
       sound_of(tracks.tempo, tracks.energy, tracks.valence, tracks.acousticness,
                tracks.speechiness) AS sound
FROM tracks LEFT JOIN (SELECT track_code AS code, recording_code FROM previous_tracks
                       SEMI JOIN regrouped_tracks ON regrouped_tracks.code = track_code) USING (code)
UNION ALL
SELECT track_code, isrc, duration_ms, recording_code,
       sound_of(tempo, energy, valence, acousticness, speechiness)
FROM unaffected;

CREATE TEMP VIEW grouped_songs AS
SELECT track_code, song, credited FROM songs
UNION ALL
SELECT track_code, song, credited FROM previous_songs SEMI JOIN unaffected USING (track_code);

-- Most songs are there only once, and need no comparison.
CREATE TEMP TABLE repeated_songs AS
SELECT track_code AS code, song, credited FROM grouped_songs
WHERE song IN (SELECT song FROM grouped_songs GROUP BY song HAVING count(*) > 1)
   OR credited IN (SELECT credited FROM grouped_songs GROUP BY credited HAVING count(*) > 1);

CREATE TEMP VIEW comparable_tracks AS
SELECT code, song, credited, duration_ms, sound FROM grouped_tracks JOIN repeated_songs USING (code);

--: view recordings
-- Tracks are one recording if they have the same ISRC or, without one, if same_recording.sql finds
-- so. A track of which too little is known is a recording of its own.
WITH anchored AS (
    SELECT code, coalesce('i' || coalesce(isrc, min(isrc) OVER same), 'c' || first) AS key
    FROM same_recording('comparable_tracks') JOIN grouped_tracks USING (code)
    WINDOW same AS (PARTITION BY first)
), keyed AS (
    SELECT grouped_tracks.code, recording_code,
           coalesce(anchored.key, 'i' || isrc, 'c' || grouped_tracks.code) AS key
    FROM grouped_tracks LEFT JOIN anchored USING (code)
)
SELECT code AS track_code, recording_code AS previous_code,
       min(code) OVER (PARTITION BY key) AS first
FROM keyed ORDER BY track_code;
