-- Merge the rows of each track id into one track. Columns come from:
-- title, ISRC, year, explicit, length: the first row that has one, in order of files and rows;
-- credited artists together, and album id and name together: the first row with an id, else the
-- first with a name;
-- audio features: the row with most of them, so that two analyses are not mixed; what that row
-- lacks, from the row with the next most;
-- popularity: the highest, since it fades and old dumps have older values.
-- Ids without a title in any row are rejected.

-- Only the ids in affected_tracks are merged: all of them, or those that new files concern.

--: execute
CREATE OR REPLACE TEMP VIEW usable AS
SELECT *, (file::BIGINT << 40) + row AS place FROM affected_tracks WHERE reason IS NULL;

-- Grouping 8-byte hashes takes a fraction of the memory of grouping ids. The few ids whose hashes
-- collide are told apart afterwards.
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT track_id FROM usable
WHERE hash(track_id) IN (SELECT hash(track_id) FROM usable GROUP BY 1 HAVING count(*) > 1)
GROUP BY track_id HAVING count(*) > 1;

CREATE OR REPLACE TEMP VIEW ranked AS
SELECT *, place + ((12 - feature_count) << 57) AS fullness
FROM (
    SELECT *, (key IS NOT NULL)::BIGINT + (mode IS NOT NULL)::BIGINT
            + (time_signature IS NOT NULL)::BIGINT + (tempo IS NOT NULL)::BIGINT
            + (loudness IS NOT NULL)::BIGINT + (danceability IS NOT NULL)::BIGINT
            + (energy IS NOT NULL)::BIGINT + (valence IS NOT NULL)::BIGINT
            + (acousticness IS NOT NULL)::BIGINT + (liveness IS NOT NULL)::BIGINT
            + (speechiness IS NOT NULL)::BIGINT + (instrumentalness IS NOT NULL)::BIGINT AS feature_count
    FROM usable
);

-- Credits and albums are those of the first row with an id; affected.sql asks for credits, too.
CREATE OR REPLACE TEMP MACRO ids_first(place, id) AS
place + if(id IS NOT NULL, 0, 1::BIGINT << 60);

CREATE OR REPLACE TEMP MACRO first_credits(artist_ids, artist_names, place) AS
arg_min({'ids': artist_ids, 'names': artist_names}, ids_first(place, artist_ids))
FILTER (artist_ids IS NOT NULL OR artist_names IS NOT NULL);

CREATE OR REPLACE TEMP VIEW merged AS
SELECT track_id, arg_min(file, place) AS file, list(DISTINCT file ORDER BY file) AS files,
       arg_min(file, fullness) FILTER (feature_count > 0) AS sound_file,
       first_credits(artist_ids, artist_names, place) AS credited,
       arg_min({'id': album_id, 'name': album_name}, ids_first(place, album_id))
           FILTER (album_id IS NOT NULL OR album_name IS NOT NULL) AS album,
       max(popularity) AS popularity,
       arg_min(COLUMNS(
           '^(track_name|recording_key|isrc|release_year|year_of_date|explicit|duration_ms)$'
       ), place) AS '\0',
       arg_min(COLUMNS(
           '^(key|mode|time_signature|tempo|loudness|danceability|energy|valence|acousticness'
           '|liveness|speechiness|instrumentalness)$'), fullness) AS '\0'
FROM ranked SEMI JOIN repeated USING (track_id) GROUP BY track_id;

CREATE OR REPLACE TEMP VIEW usable_albums AS
SELECT *, (file::BIGINT << 40) + row AS place FROM staged_albums WHERE reason IS NULL;

CREATE OR REPLACE TEMP TABLE album_facts AS
SELECT album_id, arg_min(album_name, place) AS table_name,
       arg_min(release_year, place) AS table_year
FROM usable_albums GROUP BY album_id;

--: stable_view tracks
SELECT * EXCLUDE (year_of_date, table_name, table_year)
       REPLACE (coalesce(release_year, year_of_date, table_year) AS release_year,
                coalesce(album_name, table_name) AS album_name)
FROM (
    SELECT * EXCLUDE (row, given_id, reason, place, fullness, feature_count),
           [file] AS files, if(feature_count > 0, file, NULL) AS sound_file
    FROM ranked ANTI JOIN repeated USING (track_id)
    UNION ALL BY NAME
    SELECT * EXCLUDE (credited, album), credited.ids AS artist_ids,
           credited.names AS artist_names, album.id AS album_id, album.name AS album_name
    FROM merged
) LEFT JOIN album_facts USING (album_id)
  LEFT JOIN (SELECT track_id, track_code AS previous_code FROM previous_tracks) USING (track_id)
WHERE track_name IS NOT NULL ORDER BY previous_code NULLS LAST, track_id;

--: execute
CREATE OR REPLACE TEMP VIEW catalogue AS
SELECT track_id, track_code AS code FROM previous_tracks
UNION ALL
SELECT track_id, code FROM tracks WHERE code >= (SELECT count(*) FROM previous_tracks);
