-- State that the previous ingest left, and state for the next one.

--: counts
-- Number of codes that earlier ingests assigned.
SELECT 'tracks' AS name, count(*) AS count FROM previous_tracks
UNION ALL SELECT 'artists', count(*) FROM previous_artists
UNION ALL SELECT 'genres', count(*) FROM previous_genres
UNION ALL SELECT 'albums', coalesce(max(album_code) + 1, 0) FROM previous_tracks
UNION ALL SELECT 'recordings', coalesce(max(recording_code) + 1, 0) FROM previous_tracks;

--: mentions
SELECT artist_id, artist_name, origin, key FROM mentions;

--: artists
SELECT artist_id, artist_name, key, code FROM artists ORDER BY code;

--: names
SELECT artist_name, code FROM artist_of_name ORDER BY artist_name;

--: songs
SELECT track_code, song, credited FROM previous_songs
ANTI JOIN tracks ON tracks.code = track_code
UNION ALL
SELECT track_code, song, credited FROM songs;
