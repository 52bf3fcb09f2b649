-- Who has what in common; run one statement per source.

--: related
-- Around every artist, those related to it in either direction, closest first.
INSERT INTO circle
SELECT circle, artist_code, max(1024 // (1 + rank)) AS weight
FROM (
    SELECT artist_code AS circle, related_artist_code AS artist_code, greatest(rank, 0) AS rank
    FROM read_parquet($related_artists)
    UNION ALL
    SELECT related_artist_code, artist_code, greatest(rank, 0)
    FROM read_parquet($related_artists)
)
WHERE circle != artist_code AND rank < $max_circles
GROUP BY circle, artist_code;

--: playlist
-- The main artists of a playlist's tracks. Long playlists are cut: they say little of each.
INSERT INTO circle
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
INSERT INTO circle
SELECT track_code, unnest(list_distinct(artist_codes[1:$max_credits])), 1024
FROM read_parquet($tracks)
WHERE len(artist_codes) > 1;

--: album
-- The artists of an album: guests and compilations.
INSERT INTO circle
SELECT album_code, artist_code, (1024 * sqrt(count(*)))::BIGINT
FROM (
    SELECT album_code, unnest(list_distinct(artist_codes[1:$max_credits])) AS artist_code
    FROM read_parquet($tracks)
    WHERE album_code IS NOT NULL
)
GROUP BY ALL;

--: registrant
-- The main artists of whoever registered the recordings (ISRC, characters 1 to 5): mostly a
-- record label.
INSERT INTO circle
SELECT hash(isrc[1:5]), artist_codes[1], (1024 * sqrt(count(*)))::BIGINT
FROM read_parquet($tracks)
WHERE len(isrc) >= 5 AND len(artist_codes) > 0
GROUP BY ALL;

--: country
-- The main artists of the country of registration (ISRC, characters 1 and 2).
INSERT INTO circle
SELECT hash(isrc[1:2]), artist_codes[1], (1024 * sqrt(count(*)))::BIGINT
FROM read_parquet($tracks)
WHERE len(isrc) >= 2 AND len(artist_codes) > 0
GROUP BY ALL;

--: sound
-- Artists that sound alike: cells of their mean audio features, see sound.py.
INSERT INTO circle
SELECT cell, artist_code, 1024 FROM cells;
