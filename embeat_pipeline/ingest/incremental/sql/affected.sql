-- Find what new files affect.

--: changed_credits
-- Number of affected previous tracks that credit other artists than before, though no artist changed.
SELECT count(*) FROM (
    SELECT track_code, list(artist_code ORDER BY position) AS codes,
           list(artist_name ORDER BY position) AS names
    FROM credits GROUP BY track_code
) AS credited
RIGHT JOIN (
    FROM previous_tracks SEMI JOIN tracks ON tracks.code = track_code
    ANTI JOIN recredited_tracks USING (track_id)
) AS previous USING (track_code)
WHERE coalesce(codes, []) <> artist_codes OR coalesce(names, []) <> artist_names;

--: propagate
-- Add previous tracks that may share a recording with a track in regrouped_tracks or an affected
-- one: recordings are made of tracks with one song, one ISRC or one recording.
WITH wanted AS (
    SELECT song, credited, isrc, NULL AS recording_code
    FROM tracks LEFT JOIN songs ON track_code = tracks.code
    UNION ALL
    SELECT song, credited, isrc, recording_code
    FROM previous_tracks SEMI JOIN regrouped_tracks ON regrouped_tracks.code = track_code
    LEFT JOIN previous_songs USING (track_code)
)
INSERT INTO regrouped_tracks (
    SELECT track_code FROM previous_songs WHERE song IN (SELECT song FROM wanted)
    UNION
    SELECT track_code FROM previous_songs WHERE credited IN (SELECT credited FROM wanted)
    UNION
    SELECT track_code FROM previous_tracks WHERE isrc IN (SELECT isrc FROM wanted)
    UNION
    SELECT track_code FROM previous_tracks
    WHERE recording_code IN (SELECT recording_code FROM wanted)
) EXCEPT SELECT code FROM regrouped_tracks;
