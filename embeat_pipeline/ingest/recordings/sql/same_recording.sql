-- Decide without an ISRC which tracks are one recording. This one definition serves the tracks
-- without an ISRC, and is measured on those with one (quality.sql).

--: execute
-- Audio features of a track that describe how it sounds; null unless all of them are known.
-- Danceability is left out: it differs by a fifth between releases of one recording.
CREATE TEMP MACRO sound_of(tempo, energy, valence, acousticness, speechiness) AS
if(tempo > 0 AND energy + valence + acousticness + speechiness IS NOT NULL,
   {'octaves': log2(tempo), 'energy': energy, 'valence': valence,
    'acousticness': acousticness, 'speechiness': speechiness}, NULL);

-- Distance of two sounds on the scale of the features, 0 for the same. Tempo is compared up to
-- octaves, since analyses often report twice or half of it; 1/50 octave counts as 0.1.
CREATE TEMP MACRO sound_distance(a, b) AS
greatest(5 * abs(a.octaves - b.octaves - round(a.octaves - b.octaves)),
         abs(a.energy - b.energy), abs(a.valence - b.valence),
         abs(a.acousticness - b.acousticness), abs(a.speechiness - b.speechiness));

-- Argument: the name of a view with a row per track: its code, song (a hash of title and main
-- artist), credited (a hash of title and all artists), duration_ms and sound. Only the sound may be
-- null. Result: each code with the first code of its recording. Groups are found in sorted order,
-- never pair by pair, so a title of thousands of tracks costs no more than thousands of titles.
CREATE TEMP MACRO same_recording(view_name) AS TABLE
WITH stepped AS (
    SELECT *, duration_ms - lag(duration_ms) OVER longer AS step FROM query_table(view_name)
    WINDOW longer AS (PARTITION BY credited ORDER BY duration_ms, code)
), chained AS (
    SELECT *, count(*) FILTER (step > getvariable('same_recording_ms')) OVER (
        PARTITION BY credited ORDER BY duration_ms, code ROWS UNBOUNDED PRECEDING) AS chain
    FROM stepped
), measured AS (
    SELECT *, max(duration_ms) OVER of_chain - min(duration_ms) OVER of_chain
              > 2 * getvariable('same_recording_ms') AS long
    FROM chained WINDOW of_chain AS (PARTITION BY credited, chain)
), linked AS (
    -- Many takes of one song make a long chain. It is cut where neighbours are far distance ...
    SELECT *, if(long, count(*) FILTER (step > getvariable('same_recording_ms') // 4) OVER (
        PARTITION BY credited ORDER BY duration_ms, code ROWS UNBOUNDED PRECEDING), 0) AS link
    FROM measured
), cut AS (
    -- ... and every two seconds where they are nowhere far distance.
    SELECT *, if(long AND max(duration_ms) OVER of_link - min(duration_ms) OVER of_link
                          > 2 * getvariable('same_recording_ms'),
                 (duration_ms - min(duration_ms) OVER of_link)
                     // getvariable('same_recording_ms'), 0) AS piece
    FROM linked WINDOW of_link AS (PARTITION BY credited, chain, link)
), takes AS (
    SELECT credited, arg_min(song, (duration_ms, code)) AS song,
           arg_min(sound, (duration_ms, code)) AS sound, min(code) AS first, list(code) AS codes,
           min(duration_ms) AS shortest, max(duration_ms) AS longest
    FROM cut GROUP BY credited, chain, link, piece
), neighbours AS (
    SELECT *, sound_distance(sound, lag(sound) OVER next) AS distance,
           credited = lag(credited) OVER next AS credited_alike,
           shortest - lag(longest) OVER next AS longer
    FROM takes WINDOW next AS (PARTITION BY song ORDER BY shortest, first)
), compared AS (
    -- Tracks that sound the same are one recording even if one has more silence at its ends.
    -- If they sound almost identical, even the credited artists may differ.
    SELECT *, coalesce(if(credited_alike,
        distance <= getvariable('same_sound') AND longer <= getvariable('same_sound_ms'),
        distance <= getvariable('same_sound') / 2 AND longer <= getvariable('same_recording_ms')
    ), false) AS same
    FROM neighbours
), joined AS (
    SELECT *, count(*) FILTER (NOT same) OVER (
        PARTITION BY song ORDER BY shortest, first ROWS UNBOUNDED PRECEDING) AS recording
    FROM compared
), bounded AS (
    SELECT codes, if(max(longest) OVER of_recording - min(shortest) OVER of_recording
                     <= getvariable('same_sound_ms'),
                     min(first) OVER of_recording, first) AS first
    FROM joined WINDOW of_recording AS (PARTITION BY song, recording)
)
SELECT unnest(codes) AS code, first FROM bounded;
