-- The other artists of an artist's co-membership groups vote with the genres they list.
--
-- Pairs of artists would grow with the square of a group's size. Instead each group is summed up
-- once as a profile: weight per genre. An artist's own genres are then subtracted from the
-- profiles that it reads, which gives the same as a count without the artist. A group of weight n
-- counts as n^(1 - $damping), since a large group says less about each of its members.
CREATE OR REPLACE TEMP TABLE reader AS
SELECT membership.group_code, membership.artist_code, membership.weight
FROM membership
SEMI JOIN scored ON scored.artist_code = membership.artist_code
QUALIFY row_number() OVER (
    PARTITION BY membership.artist_code
    ORDER BY membership.weight DESC, hash(membership.group_code, $seed), membership.group_code
) <= $max_groups;

CREATE OR REPLACE TEMP TABLE voter AS
SELECT membership.group_code, membership.artist_code, membership.weight
FROM membership
SEMI JOIN labelled ON labelled.artist_code = membership.artist_code
SEMI JOIN reader ON reader.group_code = membership.group_code
QUALIFY row_number() OVER (
    PARTITION BY membership.group_code
    ORDER BY hash(membership.artist_code, $seed), membership.artist_code
) <= $max_members;

CREATE OR REPLACE TEMP TABLE profile AS
SELECT group_code, genre_code, sum(weight)::BIGINT AS weight
FROM voter JOIN label USING (artist_code)
GROUP BY group_code, genre_code
QUALIFY row_number() OVER (PARTITION BY group_code ORDER BY sum(weight) DESC, genre_code)
    <= $profile_genres;

-- What each artist reads of its groups: everything but itself.
CREATE OR REPLACE TEMP TABLE reading AS
SELECT
    group_code,
    artist_code,
    own,
    others,
    own_membership / 1024 * pow(others / 1024, -$damping) AS factor
FROM (
    SELECT
        reader.group_code,
        reader.artist_code,
        reader.weight AS own_membership,
        coalesce(own.weight, 0) AS own,
        size.weight - coalesce(own.weight, 0) AS others
    FROM reader
    JOIN (
        SELECT group_code, sum(weight)::BIGINT AS weight FROM voter GROUP BY group_code
    ) AS size USING (group_code)
    LEFT JOIN voter AS own ON own.group_code = reader.group_code AND own.artist_code = reader.artist_code
)
WHERE others > 0;

INSERT INTO vote
WITH counted AS (
    SELECT
        reading.artist_code,
        profile.genre_code,
        round(factor * (profile.weight - if(label.genre_code IS NULL, 0, own)))::BIGINT AS votes
    FROM reading
    JOIN profile USING (group_code)
    LEFT JOIN label
        ON label.artist_code = reading.artist_code
        AND label.genre_code = profile.genre_code
),
total AS (
    SELECT artist_code, sum(round(factor * others)::BIGINT) AS total
    FROM reading
    GROUP BY artist_code
),
summed AS (
    SELECT artist_code, genre_code, sum(votes) AS votes FROM counted GROUP BY ALL
)
SELECT $source, artist_code, genre_code, votes / 1024, total / 1024
FROM summed JOIN total USING (artist_code)
WHERE votes > 0
QUALIFY row_number() OVER (PARTITION BY artist_code ORDER BY votes DESC, genre_code)
    <= $vote_genres;
