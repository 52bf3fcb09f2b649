-- Fill table membership with the co-membership groups of one source, a section per source.

--: related
-- A group around every artist: those related to it in either direction, closest first.
INSERT INTO membership
SELECT group_code, artist_code, max(1024 // (1 + rank)) AS weight
FROM (
    SELECT artist_code AS group_code, related_artist_code AS artist_code, greatest(rank, 0) AS rank
    FROM read_parquet($related_artists)
    UNION ALL
    SELECT related_artist_code, artist_code, greatest(rank, 0)
    FROM read_parquet($related_artists)
)
WHERE group_code != artist_code AND rank < $max_groups
GROUP BY group_code, artist_code;

--: playlist
-- The main artists of a playlist's tracks. Long playlists are cut, since they say little.
INSERT INTO membership
SELECT entry.playlist_code, track.artist_code, (1024 * sqrt(count(*)))::BIGINT
FROM (
    SELECT playlist_code, unnest(track_codes[1:$max_playlist]) AS track_code
    FROM read_parquet($playlists)
) AS entry
JOIN (
    SELECT track_code, artist_codes[1] AS artist_code
    FROM read_parquet($tracks)
    WHERE len(artist_codes) > 0
) AS track USING (track_code)
GROUP BY ALL;

--: credit
-- The artists credited on a track together.
INSERT INTO membership
SELECT track_code, unnest(list_distinct(artist_codes[1:$max_credits])), 1024
FROM read_parquet($tracks)
WHERE len(artist_codes) > 1;

--: album
-- The artists of an album, such as guests or those of a compilation.
INSERT INTO membership
SELECT album_code, artist_code, (1024 * sqrt(count(*)))::BIGINT
FROM (
    SELECT album_code, unnest(list_distinct(artist_codes[1:$max_credits])) AS artist_code
    FROM read_parquet($tracks)
    WHERE album_code IS NOT NULL
)
GROUP BY ALL;

--: registrant
-- The main artists of a registrant (ISRC, characters 1 to 5), mostly a record label.
INSERT INTO membership
SELECT hash(isrc[1:5]), artist_codes[1], (1024 * sqrt(count(*)))::BIGINT
FROM read_parquet($tracks)
WHERE len(isrc) >= 5 AND len(artist_codes) > 0
GROUP BY ALL;

--: country
-- The main artists of the country of registration (ISRC, characters 1 and 2).
INSERT INTO membership
SELECT hash(isrc[1:2]), artist_codes[1], (1024 * sqrt(count(*)))::BIGINT
FROM read_parquet($tracks)
WHERE len(isrc) >= 2 AND len(artist_codes) > 0
GROUP BY ALL;

--: sound
-- Artists with similar mean audio features; see acoustic_clusters.py.
INSERT INTO membership
SELECT cluster, artist_code, 1024 FROM clusters;
