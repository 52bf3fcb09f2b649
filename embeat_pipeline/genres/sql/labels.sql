-- Genres that artists list, how frequent each is, and the artists for which votes are counted.
--
-- Votes are counted for all artists that list nothing, and for a sample of those that do, without
-- their own genres. The fold of a labelled artist says whether it is used to fit the model, to
-- calibrate it or to check it.
CREATE TABLE label AS
SELECT artist_code, genre_code FROM assigned;

CREATE TABLE labelled AS
SELECT DISTINCT artist_code FROM label;

CREATE TABLE prior AS
SELECT genre_code, count(*) / (SELECT count(*) + 1 FROM labelled) AS prior
FROM label
GROUP BY genre_code;

CREATE TABLE scored AS
SELECT artist_code, NULL::UTINYINT AS fold
FROM read_parquet($artists)
ANTI JOIN labelled USING (artist_code)
UNION ALL
SELECT artist_code, hash(artist_code, $seed + 1) % $folds
FROM (
    SELECT artist_code
    FROM labelled
    ORDER BY hash(artist_code, $seed), artist_code
    LIMIT $max_labelled
);

-- A co-membership group is a set of artists that have something in common: a playlist, the credits
-- of a track, a cluster of similar sound. The table holds the groups of one source at a time.
-- Weights are whole numbers (1,024 is one membership), so that sums do not depend on the order in
-- which threads add.
CREATE TABLE membership (group_code UBIGINT, artist_code UINTEGER, weight BIGINT);

CREATE TABLE vote (
    source VARCHAR,
    artist_code UINTEGER,
    genre_code UINTEGER,
    votes DOUBLE,
    total DOUBLE
);
