-- The artists of the circles an artist is in vote with the genres they list; it does not.
--
-- Artists are not paired, which would grow with the square of a circle's size: each circle is
-- summed up once as a profile, weight per genre. An artist's own label is then subtracted from
-- the profiles it reads, which gives what a count without it would have given. A circle of
-- weight n counts as n^(1 - $damping): a crowd says less about each of its members.
CREATE OR REPLACE TEMP TABLE visit AS
SELECT circle.circle, circle.artist_code, circle.weight
FROM circle
SEMI JOIN scored ON scored.artist_code = circle.artist_code
QUALIFY row_number() OVER (
    PARTITION BY circle.artist_code
    ORDER BY circle.weight DESC, hash(circle.circle, $seed), circle.circle
) <= $max_circles;

CREATE OR REPLACE TEMP TABLE member AS
SELECT circle.circle, circle.artist_code, circle.weight
FROM circle
SEMI JOIN labelled ON labelled.artist_code = circle.artist_code
SEMI JOIN visit ON visit.circle = circle.circle
QUALIFY row_number() OVER (
    PARTITION BY circle.circle
    ORDER BY hash(circle.artist_code, $seed), circle.artist_code
) <= $max_members;

CREATE OR REPLACE TEMP TABLE profile AS
SELECT circle, genre_code, sum(weight)::BIGINT AS weight
FROM member JOIN label USING (artist_code)
GROUP BY circle, genre_code
QUALIFY row_number() OVER (PARTITION BY circle ORDER BY sum(weight) DESC, genre_code)
    <= $profile_genres;

-- What each visitor may read of a circle: all but itself.
CREATE OR REPLACE TEMP TABLE reading AS
SELECT
    circle,
    artist_code,
    own,
    others,
    visitor / 1024 * pow(others / 1024, -$damping) AS factor
FROM (
    SELECT
        visit.circle,
        visit.artist_code,
        visit.weight AS visitor,
        coalesce(own.weight, 0) AS own,
        size.weight - coalesce(own.weight, 0) AS others
    FROM visit
    JOIN (
        SELECT circle, sum(weight)::BIGINT AS weight FROM member GROUP BY circle
    ) AS size USING (circle)
    LEFT JOIN member AS own ON own.circle = visit.circle AND own.artist_code = visit.artist_code
)
WHERE others > 0;

INSERT INTO vote
WITH counted AS (
    SELECT
        reading.artist_code,
        profile.genre_code,
        round(factor * (profile.weight - if(label.genre_code IS NULL, 0, own)))::BIGINT AS votes
    FROM reading
    JOIN profile USING (circle)
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
