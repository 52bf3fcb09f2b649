-- What looking up the playlists needs to know beforehand.

--: run
-- Of playlists that share an id the first is kept.
CREATE TEMP TABLE playlist_rows AS
SELECT file, row,
       row_number() OVER (PARTITION BY playlist_id ORDER BY file, row) = 1 AS is_first
FROM staged_playlists;

-- Tracks that playlists name are far fewer than those of the catalogue.
CREATE TEMP TABLE used_tracks AS
SELECT track_id, code AS track_code FROM catalogue
SEMI JOIN (SELECT DISTINCT unnest(track_ids) AS track_id FROM staged_playlists) USING (track_id);
