-- Resolve the artists that a track credits, its album, and the song it is a recording of.

--: view credits
-- A credit without a name gets the artist's name. An artist credited twice counts once.
SELECT track_code, artist_code, min(position) AS position,
       coalesce(arg_min(credited_name, position), any_value(artist_name)) AS artist_name
FROM (
    SELECT credit.track_code, credit.position, credit.artist_name AS credited_name,
           coalesce(by_id.code, by_name.code) AS artist_code
    FROM (
        SELECT code AS track_code, unnest(artist_ids) AS artist_id,
               unnest(artist_names) AS artist_name,
               unnest(range(greatest(len(artist_ids), len(artist_names)))) AS position
        FROM tracks
    ) AS credit
    LEFT JOIN artist_of_id AS by_id ON by_id.artist_id = credit.artist_id
    LEFT JOIN artist_of_name AS by_name
           ON credit.artist_id IS NULL AND by_name.artist_name = credit.artist_name
) JOIN artists ON artists.code = artist_code
GROUP BY track_code, artist_code ORDER BY track_code, position;

--: execute
CREATE TEMP TABLE main_artist AS
SELECT track_code AS code, arg_min(artist_code, position) AS artist_code,
       -- The hash of 0 is 0, so that code 0 would not count.
       bit_xor(hash(artist_code::BIGINT + 1)) AS artists
FROM credits GROUP BY track_code;

--: execute
-- Tracks are one album if they have the same album id or, without one, the same album name and
-- main artist.
CREATE TEMP MACRO album_key(album_id, album_name, artist_code) AS
CASE WHEN album_id IS NOT NULL THEN 'i' || album_id
     ELSE 'n' || artist_code || ' ' || lower(album_name) END;

CREATE TEMP VIEW albums_of_tracks AS
SELECT tracks.code, album_key(album_id, album_name, artist_code) AS key
FROM tracks LEFT JOIN main_artist USING (code);

CREATE TEMP TABLE previous_albums AS
SELECT key, min(album_code) AS album_code
FROM (SELECT album_key(album_id, album_name, artist_codes[1]) AS key, album_code
      FROM previous_tracks WHERE album_code IS NOT NULL)
SEMI JOIN albums_of_tracks USING (key) GROUP BY key;

--: view albums
SELECT albums_of_tracks.code AS track_code, album_code AS previous_code,
       if(key IS NULL, NULL, min(albums_of_tracks.code) OVER (PARTITION BY key)) AS first
FROM albums_of_tracks LEFT JOIN previous_albums USING (key) ORDER BY track_code;

--: view songs
SELECT tracks.code AS track_code, hash(recording_key, artist_code) AS song,
       hash(recording_key, artists) AS credited
FROM tracks JOIN main_artist USING (code)
WHERE recording_key IS NOT NULL AND duration_ms IS NOT NULL;

--: execute
-- Previous tracks whose recordings are grouped again: the affected ones here, and those that may
-- share a recording with one of them; see affected.sql.
CREATE TEMP TABLE regrouped_tracks AS
SELECT code FROM tracks WHERE code < (SELECT count(*) FROM previous_tracks);
