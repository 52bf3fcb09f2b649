-- Everyone the dump names gets a code: by id, by name only where there is no id.

--: view new_mentions
-- origin: whose spelling of a name is preferred, the artists table's before the tracks'; aliases
-- that are listed as such come last
(
    SELECT artist_id, artist_name, 0 AS origin FROM staged_artists WHERE reason IS NULL
    UNION
    SELECT unnest(artist_ids), unnest(artist_names), 1 FROM tracks
    UNION
    SELECT artist_id, artist_name, 2 FROM staged_related_artists
    UNION
    SELECT related_artist_id, related_artist_name, 2 FROM staged_related_artists
    UNION
    SELECT artist_id, unnest(aliases), 3 FROM staged_artists
    WHERE reason IS NULL AND artist_id IS NOT NULL
) EXCEPT
SELECT artist_id, artist_name, origin FROM earlier_mentions;

--: key new_mentions artist_name

--: run
CREATE TEMP VIEW mentions AS
SELECT artist_id, artist_name, origin, key FROM earlier_mentions
UNION ALL
SELECT artist_id, artist_name, origin, key FROM new_mentions;

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

CREATE TEMP TABLE own_key AS
SELECT DISTINCT artist_id, key FROM mentions SEMI JOIN known USING (artist_id, artist_name);

CREATE TEMP TABLE other_names AS
SELECT artist_id, key, arg_min(artist_name, (origin, artist_name)) AS artist_name,
       max(origin) = 3 AS listed
FROM mentions WHERE artist_id IS NOT NULL AND artist_name IS NOT NULL
GROUP BY artist_id, key;

CREATE TEMP TABLE aliases AS
SELECT artist_id, list(artist_name ORDER BY NOT listed, artist_name)[1:8] AS aliases
FROM (
    SELECT other.artist_id, other.artist_name, other.listed
    FROM other_names AS other JOIN own_key AS own USING (artist_id)
    WHERE other.key <> own.key AND other.key <> ''
      AND (other.listed OR NOT starts_with(other.key, own.key || ' ')
           AND other.key NOT IN (SELECT key FROM own_key))
) GROUP BY artist_id;

CREATE TEMP TABLE nameless AS
SELECT mention.artist_name, mention.key, mention.origin, bearer.artist_id
FROM mentions AS mention LEFT JOIN only_bearer AS bearer USING (key)
WHERE mention.artist_id IS NULL AND mention.artist_name IS NOT NULL;

-- Who had a code keeps it, also one known by name only who now turns out to have an id.
CREATE TEMP TABLE coded AS
SELECT artist_id, key, code AS earlier_code FROM earlier_artists
UNION ALL
SELECT only_bearer.artist_id, NULL, earlier.code
FROM only_bearer JOIN earlier_artists AS earlier USING (key)
WHERE only_bearer.artist_id NOT IN (
    SELECT artist_id FROM earlier_artists WHERE artist_id IS NOT NULL);

--: grow artists
SELECT artist_id, artist_name, NULL AS key, earlier_code
FROM known LEFT JOIN (FROM coded WHERE artist_id IS NOT NULL) USING (artist_id)
UNION ALL
SELECT NULL, artist_name, key, earlier_code
FROM (SELECT arg_min(artist_name, (origin, artist_name)) AS artist_name, key
      FROM nameless WHERE artist_id IS NULL GROUP BY key)
LEFT JOIN (FROM coded WHERE artist_id IS NULL) USING (key)
ORDER BY earlier_code NULLS LAST, artist_id NULLS LAST, artist_name, key;

--: run
CREATE TEMP TABLE artist_of_id AS
SELECT artist_id, code FROM artists WHERE artist_id IS NOT NULL;

CREATE TEMP TABLE artist_of_name AS
SELECT nameless.artist_name, code FROM nameless JOIN artists USING (artist_id)
UNION
SELECT nameless.artist_name, code FROM nameless JOIN artists USING (key)
WHERE nameless.artist_id IS NULL;

-- A name has changed, or who bears it has; earlier tracks may now credit someone else.
CREATE TEMP TABLE changed_artists AS
SELECT earlier.code FROM earlier_artists AS earlier JOIN artists USING (code)
WHERE earlier.artist_name <> artists.artist_name
UNION
SELECT code FROM (SELECT artist_name, code FROM earlier_names
                  EXCEPT SELECT artist_name, code FROM artist_of_name);

CREATE TEMP TABLE recredited AS
SELECT track_id FROM earlier_tracks
WHERE list_has_any(artist_codes, (SELECT list(code) FROM changed_artists));

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
