-- Tracks and the genres their playlists speak for.
--
-- A playlist speaks for the genres of the other artists on it, each artist once, as in
-- vote_circles.sql. A track hears up to $max_circles of the playlists it is on.

--: votes
CREATE TABLE present AS
SELECT entry.playlist_code, entry.track_code, track.artist_code
FROM (
    SELECT playlist_code, unnest(track_codes[1:$max_playlist]) AS track_code
    FROM read_parquet($playlists)
) AS entry
JOIN (
    SELECT track_code, artist_codes[1] AS artist_code
    FROM read_parquet($tracks)
    WHERE len(artist_codes) > 0
) AS track USING (track_code);

CREATE TABLE label AS
SELECT artist_code, genre_code, position, source = 'listed' AS listed
FROM read_parquet($artist_genres);

CREATE TABLE member AS
SELECT DISTINCT present.playlist_code, present.artist_code
FROM present
SEMI JOIN (SELECT artist_code FROM label WHERE listed) AS lists USING (artist_code);

CREATE TABLE profile AS
SELECT playlist_code, genre_code, count(*) AS artists
FROM member JOIN label USING (artist_code)
WHERE label.listed
GROUP BY playlist_code, genre_code
QUALIFY row_number() OVER (PARTITION BY playlist_code ORDER BY count(*) DESC, genre_code)
    <= $profile_genres;

CREATE TABLE reading AS
WITH visit AS (
    SELECT DISTINCT playlist_code, track_code, artist_code
    FROM present
    SEMI JOIN label ON label.artist_code = present.artist_code
    QUALIFY row_number() OVER (
        PARTITION BY track_code ORDER BY hash(playlist_code, $seed), playlist_code
    ) <= $max_circles
),
size AS (
    SELECT playlist_code, count(*) AS artists FROM member GROUP BY playlist_code
)
SELECT
    visit.*,
    (own.artist_code IS NOT NULL)::INTEGER AS own,
    size.artists - (own.artist_code IS NOT NULL)::INTEGER AS others
FROM visit
JOIN size USING (playlist_code)
LEFT JOIN member AS own
    ON own.playlist_code = visit.playlist_code
    AND own.artist_code = visit.artist_code
WHERE size.artists > (own.artist_code IS NOT NULL)::INTEGER;

-- What any playlist has of a genre: pop is everywhere and tells little.
CREATE TABLE base AS
SELECT
    genre_code,
    sum(artists) / (
        SELECT greatest(sum(artists), 1)
        FROM (SELECT count(*) AS artists FROM member GROUP BY playlist_code)
    ) AS base
FROM profile
GROUP BY genre_code;

-- Votes are what exceeds that, in 1,024ths: whole numbers add up to the same in any order.
CREATE TABLE track_vote AS
WITH vote AS (
    SELECT
        reading.track_code,
        profile.genre_code,
        sum(round(
            1024 * pow(others, -$damping)
            * (profile.artists - if(label.listed AND own > 0, 1, 0) - others * base.base)
        )::BIGINT) AS votes,
        any_value(label.position) AS position
    FROM reading
    JOIN profile USING (playlist_code)
    JOIN base ON base.genre_code = profile.genre_code
    LEFT JOIN label
        ON label.artist_code = reading.artist_code
        AND label.genre_code = profile.genre_code
    GROUP BY reading.track_code, profile.genre_code
),
total AS (
    SELECT
        track_code,
        any_value(artist_code) AS artist_code,
        count(*) AS playlists,
        sum(round(1024 * pow(others, 1 - $damping))::BIGINT) AS total
    FROM reading
    GROUP BY track_code
    HAVING count(*) >= $min_track_playlists
)
SELECT
    track_code,
    any_value(total.artist_code) AS artist_code,
    any_value(total.playlists) AS playlists,
    arg_max(vote.genre_code, (vote.votes, -vote.genre_code::BIGINT)) AS genre_code,
    max(vote.votes) / any_value(total.total) AS share,
    coalesce(max(vote.votes) FILTER (vote.position IS NOT NULL), 0)
        / any_value(total.total) AS own_share
FROM vote JOIN total USING (track_code)
WHERE vote.votes > 0
GROUP BY track_code;

--: agreement
-- How often a vote names a genre that the artist lists, for the curve of confidence.
SELECT share, share = own_share AS agrees
FROM track_vote
SEMI JOIN (SELECT artist_code FROM label WHERE listed) AS lists USING (artist_code)
ORDER BY hash(track_code, $seed), track_code
LIMIT $max_teachers;

--: elsewhere
-- Tracks whose playlists name a genre that is none of their artist's and not next to one.
CREATE TABLE elsewhere AS
SELECT
    vote.track_code,
    vote.genre_code,
    vote.playlists,
    vote.share,
    vote.own_share,
    best.genre_code AS artist_genre_code
FROM track_vote AS vote
JOIN label AS best ON best.artist_code = vote.artist_code AND best.position = 0
JOIN read_parquet($genre_map) AS place ON place.genre_code = vote.genre_code
WHERE vote.share >= $track_lead * vote.own_share
  AND NOT EXISTS (
      SELECT 1
      FROM label
      JOIN read_parquet($genre_map) AS own ON own.genre_code = label.genre_code
      WHERE label.artist_code = vote.artist_code
        AND pow(own.x - place.x, 2) + pow(own.y - place.y, 2) < pow($scale, 2)
  );
