-- Everyone the dump names gets a code: by id, by name only where there is no id.

--: view mentions
-- origin: whose spelling of a name is preferred, the artists table's before the tracks'
SELECT DISTINCT artist_id, artist_name, 0 AS origin FROM staged_artists WHERE reason IS NULL
UNION
SELECT unnest(artist_ids), unnest(artist_names), 1 FROM tracks
UNION
SELECT artist_id, artist_name, 2 FROM staged_related_artists
UNION
SELECT related_artist_id, related_artist_name, 2 FROM staged_related_artists;

--: key mentions artist_name

--: run
-- In what is served a name is never missing, if only the id stands for it.
CREATE TEMP TABLE known AS
SELECT artist_id,
       coalesce(arg_min(artist_name, (origin, artist_name)), artist_id) AS artist_name
FROM mentions WHERE artist_id IS NOT NULL GROUP BY artist_id;

-- Only by the name they go by: now and then a track pairs an id with someone else's name.
CREATE TEMP TABLE only_bearer AS
SELECT key, any_value(artist_id) AS artist_id
FROM mentions SEMI JOIN known USING (artist_id, artist_name)
GROUP BY key HAVING count(DISTINCT artist_id) = 1;

CREATE TEMP TABLE nameless AS
SELECT mention.artist_name, mention.key, mention.origin, bearer.artist_id
FROM mentions AS mention LEFT JOIN only_bearer AS bearer USING (key)
WHERE mention.artist_id IS NULL AND mention.artist_name IS NOT NULL;

--: view artists
SELECT artist_id, artist_name, NULL AS key FROM known
UNION ALL
SELECT NULL, arg_min(artist_name, (origin, artist_name)), key
FROM nameless WHERE artist_id IS NULL GROUP BY key
ORDER BY artist_id NULLS LAST, artist_name, key;

--: run
CREATE TEMP TABLE artist_of_id AS
SELECT artist_id, code FROM artists WHERE artist_id IS NOT NULL;

CREATE TEMP TABLE artist_of_name AS
SELECT nameless.artist_name, code FROM nameless JOIN artists USING (artist_id)
UNION
SELECT nameless.artist_name, code FROM nameless JOIN artists USING (key)
WHERE nameless.artist_id IS NULL;

CREATE TEMP TABLE artist_rows AS
SELECT listed.*, (file::BIGINT << 40) + row AS place, coalesce(by_id.code, by_name.code) AS code
FROM staged_artists AS listed
LEFT JOIN artist_of_id AS by_id ON by_id.artist_id = listed.artist_id
LEFT JOIN artist_of_name AS by_name
       ON listed.artist_id IS NULL AND by_name.artist_name = listed.artist_name
WHERE reason IS NULL;

-- Each column is taken from the first row, in order of files and rows, that has a value for it.
CREATE TEMP TABLE artist_facts AS
SELECT code, arg_min(genres, place) FILTER (len(genres) > 0) AS genres,
       arg_min({'own': genre_weights}, place) FILTER (len(genres) > 0) AS weights,
       arg_min(popularity, place) AS popularity, arg_min(followers, place) AS followers
FROM artist_rows GROUP BY code;

--: accepted artists
SELECT file FROM artist_rows QUALIFY place = min(place) OVER (PARTITION BY code);

--: merged artists
SELECT file FROM artist_rows QUALIFY place > min(place) OVER (PARTITION BY code);

--: reject
SELECT file, row, 'artist' AS kind, reason, coalesce(artist_id, artist_name) AS value, 1 AS count
FROM staged_artists WHERE reason IS NOT NULL;
