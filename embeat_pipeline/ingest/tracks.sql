-- Rows of one track id make one track. Each column is taken from the first row, in order of files
-- and rows, that has a value for it; credited artists come together, from the first row that
-- knows any of their ids. Ids to which no row gives a title are refused.

--: run
CREATE TEMP VIEW usable AS
SELECT *, (file::BIGINT << 40) + row AS place FROM staged_tracks WHERE reason IS NULL;

-- Grouping 8-byte hashes takes a fraction of the memory of grouping ids; what collides is sorted
-- out among the few that are left.
CREATE TEMP TABLE repeated AS
SELECT track_id FROM usable
WHERE hash(track_id) IN (SELECT hash(track_id) FROM usable GROUP BY 1 HAVING count(*) > 1)
GROUP BY track_id HAVING count(*) > 1;

CREATE TEMP VIEW joined AS
SELECT track_id, arg_min(file, place) AS file,
       arg_min({'ids': artist_ids, 'names': artist_names},
               place + if(artist_ids IS NOT NULL, 0, 1::BIGINT << 60))
           FILTER (artist_ids IS NOT NULL OR artist_names IS NOT NULL) AS credited,
       arg_min(COLUMNS(
           '^(track_name|recording_key|album_id|album_name|isrc|popularity|release_year'
           '|year_of_date|explicit|duration_ms|key|mode|time_signature|tempo|loudness|danceability|energy'
           '|valence|acousticness|liveness|speechiness|instrumentalness)$'), place) AS '\0'
FROM usable SEMI JOIN repeated USING (track_id) GROUP BY track_id;

--: view tracks
SELECT * EXCLUDE (year_of_date) REPLACE (coalesce(release_year, year_of_date) AS release_year)
FROM (
    SELECT * EXCLUDE (row, given_id, reason, place) FROM usable ANTI JOIN repeated USING (track_id)
    UNION ALL BY NAME
    SELECT * EXCLUDE credited, credited.ids AS artist_ids, credited.names AS artist_names
    FROM joined
)
WHERE track_name IS NOT NULL ORDER BY track_id;

--: accepted tracks
SELECT file FROM tracks;

--: merged tracks
SELECT file FROM (
    SELECT track_id, file, place, min(place) OVER (PARTITION BY track_id) AS first_place
    FROM usable SEMI JOIN repeated USING (track_id)
) SEMI JOIN tracks USING (track_id) WHERE place > first_place;

--: reject
SELECT file, row, 'track' AS kind, reason, given_id AS value, 1 AS count
FROM staged_tracks WHERE reason IS NOT NULL
UNION ALL BY NAME
SELECT file, row, 'track' AS kind, getvariable('no_title') AS reason, given_id AS value, 1 AS count
FROM (FROM usable WHERE track_name IS NULL) ANTI JOIN tracks USING (track_id);
