-- Count what became of every row of tracks and albums, when all tracks are written.

--: execute
CREATE TEMP TABLE untitled AS
SELECT file, row, track_id
FROM (FROM staged_tracks WHERE reason IS NULL AND track_name IS NULL)
ANTI JOIN catalogue USING (track_id);

--: outcomes tracks
-- A track is accepted in the file it was first read from. All other rows of its id are merged.
SELECT file, coalesce(accepted, 0) AS accepted,
       usable - coalesce(without_title, 0) - coalesce(accepted, 0) AS merged
FROM (SELECT file, count(*) AS usable FROM staged_tracks WHERE reason IS NULL GROUP BY file)
LEFT JOIN (SELECT file, count(*) AS without_title FROM untitled GROUP BY file) USING (file)
LEFT JOIN (SELECT file, sources.count AS accepted FROM files
           JOIN (SELECT source, count(*) AS count FROM written_tracks GROUP BY source) AS sources
             ON sources.source = files.name) USING (file);

--: accepted albums
SELECT file FROM usable_albums QUALIFY place = min(place) OVER (PARTITION BY album_id);

--: merged albums
SELECT file FROM usable_albums QUALIFY place > min(place) OVER (PARTITION BY album_id);

--: reject
SELECT file, row, 'track' AS kind, reason, given_id AS value, 1 AS count
FROM staged_tracks WHERE reason IS NOT NULL
UNION ALL BY NAME
SELECT file, row, 'track' AS kind, getvariable('no_title') AS reason, track_id AS value, 1 AS count
FROM untitled
UNION ALL BY NAME
SELECT file, row, 'album' AS kind, reason, coalesce(album_id, album_name) AS value, 1 AS count
FROM staged_albums WHERE reason IS NOT NULL;
