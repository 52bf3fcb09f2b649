-- What it takes to go on from the tables of an earlier ingest.

--: before
-- Codes given out by earlier ingests.
SELECT 'tracks' AS name, count(*) AS before FROM earlier_tracks
UNION ALL SELECT 'artists', count(*) FROM earlier_artists
UNION ALL SELECT 'genres', count(*) FROM earlier_genres
UNION ALL SELECT 'albums', coalesce(max(album_code) + 1, 0) FROM earlier_tracks
UNION ALL SELECT 'recordings', coalesce(max(recording_code) + 1, 0) FROM earlier_tracks;

--: other_credits
-- Touched tracks that credit others than before, though nobody is called differently.
SELECT count(*) FROM (
    SELECT track_code, list(artist_code ORDER BY position) AS codes,
           list(artist_name ORDER BY position) AS names
    FROM credits GROUP BY track_code
) AS credited
RIGHT JOIN (
    FROM earlier_tracks SEMI JOIN tracks ON tracks.code = track_code
    ANTI JOIN recredited USING (track_id)
) AS earlier USING (track_code)
WHERE coalesce(codes, []) <> artist_codes OR coalesce(names, []) <> artist_names;

--: renamed_relations
-- Relations that name an artist by name alone, if any artist is called differently now.
SELECT count(*) FROM staged_related_artists
WHERE (artist_id IS NULL OR related_artist_id IS NULL)
  AND (SELECT count(*) FROM changed_artists) > 0;

--: reached
-- Earlier tracks that may share a recording with a touched one, found step by step until a step
-- finds none: recordings are told within groups of one song, one ISRC or one recording.
CREATE TEMP TABLE reached AS
SELECT code FROM tracks WHERE code < (SELECT count(*) FROM earlier_tracks);

--: reach_further
WITH wanted AS (
    SELECT song, credited, isrc, NULL AS recording_code
    FROM tracks LEFT JOIN songs ON track_code = tracks.code
    UNION ALL
    SELECT song, credited, isrc, recording_code
    FROM earlier_tracks SEMI JOIN reached ON reached.code = track_code
    LEFT JOIN earlier_songs USING (track_code)
)
INSERT INTO reached (
    SELECT track_code FROM earlier_songs WHERE song IN (SELECT song FROM wanted)
    UNION
    SELECT track_code FROM earlier_songs WHERE credited IN (SELECT credited FROM wanted)
    UNION
    SELECT track_code FROM earlier_tracks WHERE isrc IN (SELECT isrc FROM wanted)
    UNION
    SELECT track_code FROM earlier_tracks
    WHERE recording_code IN (SELECT recording_code FROM wanted)
) EXCEPT SELECT code FROM reached;
