-- Assign a code to every artist that the dump names: by id, or by name where there is no id.

--: view new_mentions
-- Names with the lowest origin are preferred: those of the artists table before those of tracks.
-- Then come those of the rows of tracks that others are preferred to: they name artists, but an
-- id that only they have is nobody's. Aliases, which an artists table lists, come last.
(
    SELECT artist_id, artist_name, 0 AS origin FROM staged_artists WHERE reason IS NULL
    UNION
    SELECT unnest(artist_ids), unnest(artist_names), 1 FROM tracks
    UNION
    SELECT artist_id, artist_name, 2 FROM staged_related_artists
    UNION
    SELECT related_artist_id, related_artist_name, 2 FROM staged_related_artists
    UNION
    SELECT artist_id, artist_name, 3
    FROM (SELECT unnest(artist_ids) AS artist_id, unnest(artist_names) AS artist_name
          FROM usable SEMI JOIN repeated USING (track_id))
    WHERE artist_id IS NOT NULL AND artist_name IS NOT NULL
    UNION
    SELECT artist_id, unnest(aliases), 4 FROM staged_artists
    WHERE reason IS NULL AND artist_id IS NOT NULL
) EXCEPT
SELECT artist_id, artist_name, origin FROM previous_mentions;

--: add_key new_mentions artist_name

--: execute
CREATE TEMP VIEW mentions AS
SELECT artist_id, artist_name, origin, key FROM previous_mentions
UNION ALL
SELECT artist_id, artist_name, origin, key FROM new_mentions;

-- An artist without any name gets the id as its name, so that a name is never missing.
CREATE TEMP TABLE canonical_names AS
SELECT artist_id,
       coalesce(arg_min(artist_name, (origin, artist_name)), artist_id) AS artist_name
FROM mentions WHERE artist_id IS NOT NULL GROUP BY artist_id HAVING min(origin) < 3;

-- Canonical names that only one id has. Other names do not count: now and then a track pairs an
-- id with the name of someone else.
CREATE TEMP TABLE unique_names AS
SELECT key, any_value(artist_id) AS artist_id
FROM mentions SEMI JOIN canonical_names USING (artist_id, artist_name)
GROUP BY key HAVING count(DISTINCT artist_id) = 1;

CREATE TEMP TABLE own_keys AS
SELECT DISTINCT artist_id, key
FROM mentions SEMI JOIN canonical_names USING (artist_id, artist_name);

CREATE TEMP TABLE other_names AS
SELECT artist_id, key, arg_min(artist_name, (origin, artist_name)) AS artist_name,
       max(origin) = 4 AS is_alias
FROM mentions WHERE artist_id IS NOT NULL AND artist_name IS NOT NULL
GROUP BY artist_id, key;

CREATE TEMP TABLE aliases AS
SELECT artist_id, list(artist_name ORDER BY NOT is_alias, artist_name)[1:8] AS aliases
FROM (
    SELECT other.artist_id, other.artist_name, other.is_alias
    FROM other_names AS other JOIN own_keys AS own USING (artist_id)
    WHERE other.key <> own.key AND other.key <> ''
      AND (other.is_alias OR NOT starts_with(other.key, own.key || ' ')
           AND other.key NOT IN (SELECT key FROM own_keys))
) GROUP BY artist_id;

CREATE TEMP TABLE mentions_without_id AS
SELECT mention.artist_name, mention.key, mention.origin, unique_name.artist_id
FROM mentions AS mention LEFT JOIN unique_names AS unique_name USING (key)
WHERE mention.artist_id IS NULL AND mention.artist_name IS NOT NULL;

-- An artist keeps its code, even if it had only a name so far and has an id now.
CREATE TEMP TABLE previous_codes AS
SELECT artist_id, key, code AS previous_code FROM previous_artists
UNION ALL
SELECT unique_names.artist_id, NULL, previous.code
FROM unique_names JOIN previous_artists AS previous USING (key)
WHERE unique_names.artist_id NOT IN (
    SELECT artist_id FROM previous_artists WHERE artist_id IS NOT NULL);

--: stable_view artists
SELECT artist_id, artist_name, NULL AS key, previous_code
FROM canonical_names LEFT JOIN (FROM previous_codes WHERE artist_id IS NOT NULL) USING (artist_id)
UNION ALL
SELECT NULL, artist_name, key, previous_code
FROM (SELECT arg_min(artist_name, (origin, artist_name)) AS artist_name, key
      FROM mentions_without_id WHERE artist_id IS NULL GROUP BY key)
LEFT JOIN (FROM previous_codes WHERE artist_id IS NULL) USING (key)
ORDER BY previous_code NULLS LAST, artist_id NULLS LAST, artist_name, key;

--: execute
CREATE TEMP TABLE artist_of_id AS
SELECT artist_id, code FROM artists WHERE artist_id IS NOT NULL;

CREATE TEMP TABLE artist_of_name AS
SELECT mentions_without_id.artist_name, code FROM mentions_without_id JOIN artists USING (artist_id)
UNION
SELECT mentions_without_id.artist_name, code FROM mentions_without_id JOIN artists USING (key)
WHERE mentions_without_id.artist_id IS NULL;

-- Artists whose name changed, or with a name that stands for another artist now. Previous tracks
-- may credit someone else therefore.
CREATE TEMP TABLE changed_artists AS
SELECT previous.code FROM previous_artists AS previous JOIN artists USING (code)
WHERE previous.artist_name <> artists.artist_name
UNION
SELECT code FROM (SELECT artist_name, code FROM previous_names
                  EXCEPT SELECT artist_name, code FROM artist_of_name);

CREATE TEMP TABLE recredited_tracks AS
SELECT track_id FROM previous_tracks
WHERE list_has_any(artist_codes, (SELECT list(code) FROM changed_artists));

CREATE TEMP TABLE artist_rows AS
SELECT entry.*, (file::BIGINT << 40) + row AS place, coalesce(by_id.code, by_name.code) AS code
FROM staged_artists AS entry
LEFT JOIN artist_of_id AS by_id ON by_id.artist_id = entry.artist_id
LEFT JOIN artist_of_name AS by_name
       ON entry.artist_id IS NULL AND by_name.artist_name = entry.artist_name
WHERE reason IS NULL;

-- Each column comes from the first row, in order of files and rows, that has a value for it.
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
