-- Assign a code to every genre: those on the map in its order, then those that only artists list.

--: execute
CREATE TEMP VIEW mapped AS
SELECT *, (file::BIGINT << 40) + row AS place FROM staged_genre_map WHERE genre IS NOT NULL;

--: stable_view genres
SELECT * EXCLUDE place FROM (
    SELECT genre, coalesce(arg_min(weight, place), 1.0) AS weight, arg_min(x, place) AS x,
           arg_min(y, place) AS y, arg_min(color, place) AS color, min(place) AS place
    FROM mapped GROUP BY genre
    UNION ALL
    SELECT genre, 1.0, NULL, NULL, NULL, NULL
    FROM (SELECT DISTINCT unnest(genres) AS genre FROM staged_artists WHERE reason IS NULL)
    ANTI JOIN mapped USING (genre)
) LEFT JOIN (SELECT genre, genre_code AS previous_code FROM previous_genres) USING (genre)
ORDER BY previous_code NULLS LAST, place NULLS LAST, genre;

--: accepted genre_map
SELECT file FROM mapped QUALIFY place = min(place) OVER (PARTITION BY genre);

--: merged genre_map
SELECT file FROM mapped QUALIFY place > min(place) OVER (PARTITION BY genre);

--: reject
SELECT file, row, 'genre' AS kind, getvariable('no_genre') AS reason, NULL AS value, 1 AS count
FROM staged_genre_map WHERE genre IS NULL;
