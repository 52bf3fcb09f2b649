-- Resolve relations between artists to codes. The closest of several rows for a pair counts. A row
-- without a rank gets its place among the rows of its artist.

--: execute
CREATE TEMP TABLE relations AS
SELECT file, row, (file::BIGINT << 40) + row AS place, rank,
       coalesce(staged.artist_id, staged.artist_name) AS given,
       coalesce(by_id.code, by_name.code) AS artist_code,
       coalesce(related_by_id.code, related_by_name.code) AS related_artist_code
FROM staged_related_artists AS staged
LEFT JOIN artist_of_id AS by_id ON by_id.artist_id = staged.artist_id
LEFT JOIN artist_of_name AS by_name
       ON staged.artist_id IS NULL AND by_name.artist_name = staged.artist_name
LEFT JOIN artist_of_id AS related_by_id ON related_by_id.artist_id = staged.related_artist_id
LEFT JOIN artist_of_name AS related_by_name
       ON staged.related_artist_id IS NULL
      AND related_by_name.artist_name = staged.related_artist_name;

CREATE TEMP VIEW usable_relations AS
FROM relations WHERE artist_code <> related_artist_code;

--: view related_artists
SELECT artist_code, related_artist_code, min(rank) AS rank FROM (
    SELECT artist_code, related_artist_code,
           coalesce(rank, least(
               row_number() OVER (PARTITION BY artist_code ORDER BY place) - 1, 32767)) AS rank
    FROM usable_relations
) GROUP BY artist_code, related_artist_code
ORDER BY artist_code, rank, related_artist_code;

--: accepted related_artists
SELECT file FROM usable_relations
QUALIFY place = min(place) OVER (PARTITION BY artist_code, related_artist_code);

--: merged related_artists
SELECT file FROM usable_relations
QUALIFY place > min(place) OVER (PARTITION BY artist_code, related_artist_code);

--: reject
SELECT file, row, 'related_artist' AS kind, getvariable('not_related') AS reason,
       given AS value, 1 AS count
FROM relations WHERE (artist_code <> related_artist_code) IS NOT TRUE;
