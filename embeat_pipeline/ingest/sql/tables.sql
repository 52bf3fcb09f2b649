-- Tables that a query gives, rows in order of their codes.

--: table artists
SELECT artists.code AS artist_code, artist_id, artist_name,
       coalesce(aliases, []) AS aliases, coalesce(genre_codes, []) AS genre_codes,
       if(weights.own IS NULL, NULL, genre_weights) AS genre_weights, popularity, followers,
       coalesce(num_tracks, 0) AS num_tracks
FROM artists
LEFT JOIN artist_facts USING (code)
LEFT JOIN aliases USING (artist_id)
LEFT JOIN (
    SELECT code, list(genre_code ORDER BY position) AS genre_codes,
           list(weight ORDER BY position) AS genre_weights
    FROM (
        SELECT entry.code, genres.code AS genre_code, min(position) AS position,
               arg_min(entry.own, position) AS weight
        FROM (SELECT code, unnest(genres) AS genre, unnest(weights.own) AS own,
                     generate_subscripts(genres, 1) AS position
              FROM artist_facts) AS entry
        JOIN genres USING (genre) GROUP BY entry.code, genres.code
    ) GROUP BY code
) USING (code)
LEFT JOIN (SELECT code, count(*) AS num_tracks
           FROM (SELECT unnest(artist_codes) AS code FROM written_tracks) GROUP BY code)
    USING (code)
ORDER BY artists.code;

--: table genre_map
SELECT code AS genre_code, genre, weight, x, y, color FROM genres ORDER BY code;

--: table related_artists
SELECT * EXCLUDE code FROM related_artists ORDER BY code;

--: table rejects
SELECT name AS source, kind, row, reason, value, count FROM rejects JOIN files USING (file)
ORDER BY file, kind, row NULLS FIRST, reason, value;
