-- Find what new files affect.

--: changed_credits
-- Number of previous tracks to which new files give other credits. The table of tracks does not
-- say: a name in it may have been given, or be the artist's, and an id may stand for a name.
SELECT count(*) FROM (
    SELECT track_id, first_credits(artist_ids, artist_names, place) AS credited
    FROM usable WHERE file NOT IN (SELECT unnest($new)) GROUP BY track_id
) JOIN tracks USING (track_id)
WHERE code < (SELECT count(*) FROM previous_tracks)
  AND (credited.ids IS DISTINCT FROM artist_ids OR credited.names IS DISTINCT FROM artist_names);

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
