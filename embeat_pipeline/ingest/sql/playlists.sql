-- Prepare the lookup of playlist entries.

--: execute
-- The first of several playlists with the same id is kept.
CREATE TEMP TABLE playlist_rows AS
SELECT file, row,
       row_number() OVER (PARTITION BY playlist_id ORDER BY file, row) = 1 AS is_first
FROM staged_playlists;

-- Only tracks that playlists name: far fewer than all.
CREATE TEMP TABLE used_tracks AS
SELECT track_id, code AS track_code FROM catalogue
SEMI JOIN (SELECT DISTINCT unnest(track_ids) AS track_id FROM staged_playlists) USING (track_id);
