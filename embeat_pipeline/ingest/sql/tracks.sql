-- Rows of one track id make one track, by column:
-- title, ISRC, year, explicit, length: the first row that has one, in order of files and rows;
-- credited artists together, and album id and name together: the first row that knows an id,
-- else the first that knows a name;
-- sound: the row that knows most of it, so that values of two analyses are not mixed; what that
-- row lacks, from the next fullest;
-- popularity: the highest, since it fades and old dumps know of it.
-- Ids to which no row gives a title are refused.

-- Only the ids in touched_tracks are looked at: all of them, or those that new files speak of.

--: run
CREATE OR REPLACE TEMP VIEW usable AS
SELECT *, (file::BIGINT << 40) + row AS place FROM touched_tracks WHERE reason IS NULL;

-- Grouping 8-byte hashes takes a fraction of the memory of grouping ids; what collides is sorted
-- out among the few that are left.
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT track_id FROM usable
WHERE hash(track_id) IN (SELECT hash(track_id) FROM usable GROUP BY 1 HAVING count(*) > 1)
GROUP BY track_id HAVING count(*) > 1;

CREATE OR REPLACE TEMP VIEW ranked AS
SELECT *, place + ((12 - known) << 57) AS fullness
FROM (
    SELECT *, (key IS NOT NULL)::BIGINT + (mode IS NOT NULL)::BIGINT
            + (time_signature IS NOT NULL)::BIGINT + (tempo IS NOT NULL)::BIGINT
            + (loudness IS NOT NULL)::BIGINT + (danceability IS NOT NULL)::BIGINT
            + (energy IS NOT NULL)::BIGINT + (valence IS NOT NULL)::BIGINT
            + (acousticness IS NOT NULL)::BIGINT + (liveness IS NOT NULL)::BIGINT
            + (speechiness IS NOT NULL)::BIGINT + (instrumentalness IS NOT NULL)::BIGINT AS known
    FROM usable
);

CREATE OR REPLACE TEMP VIEW joined AS
SELECT track_id, arg_min(file, place) AS file, list(DISTINCT file ORDER BY file) AS files,
       arg_min(file, fullness) FILTER (known > 0) AS sound_file,
       arg_min({'ids': artist_ids, 'names': artist_names},
               place + if(artist_ids IS NOT NULL, 0, 1::BIGINT << 60))
           FILTER (artist_ids IS NOT NULL OR artist_names IS NOT NULL) AS credited,
       arg_min({'id': album_id, 'name': album_name},
               place + if(album_id IS NOT NULL, 0, 1::BIGINT << 60))
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
SELECT album_id, arg_min(album_name, place) AS listed_name,
       arg_min(release_year, place) AS listed_year
FROM usable_albums GROUP BY album_id;

--: grow tracks
SELECT * EXCLUDE (year_of_date, listed_name, listed_year)
       REPLACE (coalesce(release_year, year_of_date, listed_year) AS release_year,
                coalesce(album_name, listed_name) AS album_name)
FROM (
    SELECT * EXCLUDE (row, given_id, reason, place, fullness, known),
           [file] AS files, if(known > 0, file, NULL) AS sound_file
    FROM ranked ANTI JOIN repeated USING (track_id)
    UNION ALL BY NAME
    SELECT * EXCLUDE (credited, album), credited.ids AS artist_ids,
           credited.names AS artist_names, album.id AS album_id, album.name AS album_name
    FROM joined
) LEFT JOIN album_facts USING (album_id)
  LEFT JOIN (SELECT track_id, track_code AS earlier_code FROM earlier_tracks) USING (track_id)
WHERE track_name IS NOT NULL ORDER BY earlier_code NULLS LAST, track_id;

--: run
CREATE OR REPLACE TEMP VIEW catalogue AS
SELECT track_id, track_code AS code FROM earlier_tracks
UNION ALL
SELECT track_id, code FROM tracks WHERE code >= (SELECT count(*) FROM earlier_tracks);
