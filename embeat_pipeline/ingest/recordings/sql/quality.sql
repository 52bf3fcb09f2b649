-- Group tracks that have an ISRC into recordings without using it, and compare with the ISRCs.

--: execute
CREATE TEMP VIEW comparable_tracks AS
SELECT track_code AS code, hash(list_sort(artist_codes)) AS artists,
       hash(recording_key, artist_codes[1]) AS song,
       hash(recording_key, hash(list_sort(artist_codes))) AS credited, duration_ms,
       sound_of(tempo, energy, valence, acousticness, speechiness) AS sound,
       regexp_matches(track_name, '(?i)re-?master') AS remastered
FROM tracks
WHERE recording_key IS NOT NULL AND duration_ms IS NOT NULL AND len(artist_codes) > 0;

CREATE TEMP TABLE grouped AS
SELECT track_code AS code, coalesce(first, track_code) AS recording, isrc
FROM tracks LEFT JOIN same_recording('comparable_tracks') ON code = track_code;

-- Pairs grouped as one recording that have two ISRCs. Pairs of a recording or an ISRC with very
-- many tracks are counted, not listed.
CREATE TEMP TABLE joined AS
SELECT a.code AS code_a, b.code AS code_b,
       coalesce(one.artists = other.artists
                AND abs(one.duration_ms - other.duration_ms) <= getvariable('same_recording_ms')
                AND (one.remastered <> other.remastered
                     OR sound_distance(one.sound, other.sound) <= getvariable('same_sound')),
                false) AS reregistered
FROM (FROM grouped QUALIFY count(*) OVER (PARTITION BY recording) <= getvariable('max_pairs_of')) AS a
JOIN grouped AS b ON b.recording = a.recording AND a.code < b.code AND a.isrc <> b.isrc
JOIN comparable_tracks AS one ON one.code = a.code
JOIN comparable_tracks AS other ON other.code = b.code;

CREATE TEMP TABLE parted AS
SELECT a.code AS code_a, b.code AS code_b, false AS reregistered
FROM (FROM grouped QUALIFY count(*) OVER (PARTITION BY isrc) <= getvariable('max_pairs_of')) AS a
JOIN grouped AS b ON b.isrc = a.isrc AND a.code < b.code AND a.recording <> b.recording;

--: counts
WITH sizes AS (SELECT recording, isrc, count(*) AS size FROM grouped GROUP BY ALL)
SELECT (SELECT count(*) FROM grouped) AS tracks,
       (SELECT coalesce(sum(size * (size - 1) // 2), 0)
        FROM (SELECT sum(size) AS size FROM sizes GROUP BY recording)) AS grouped_pairs,
       (SELECT coalesce(sum(size * (size - 1) // 2), 0)
        FROM (SELECT sum(size) AS size FROM sizes GROUP BY isrc)) AS isrc_pairs,
       (SELECT coalesce(sum(size * (size - 1) // 2), 0) FROM sizes) AS right_pairs,
       (SELECT count(*) FROM joined WHERE reregistered) AS reregistered_pairs;

--: pairs
SELECT reregistered, a.track_id AS track_id_a, b.track_id AS track_id_b,
       a.track_name AS title_a, b.track_name AS title_b,
       array_to_string(a.artist_names, ', ') AS artists_a,
       array_to_string(b.artist_names, ', ') AS artists_b,
       a.duration_ms AS duration_ms_a, b.duration_ms AS duration_ms_b,
       a.isrc AS isrc_a, b.isrc AS isrc_b
FROM query_table(getvariable('pairs'))
JOIN tracks AS a ON a.track_code = code_a
JOIN tracks AS b ON b.track_code = code_b
ORDER BY reregistered, a.track_name, track_id_a, track_id_b LIMIT getvariable('pairs_shown');
