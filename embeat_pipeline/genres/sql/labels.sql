-- What teaches: the genres artists list, how frequent each is, and who is to be scored.
--
-- Scored are all artists that list nothing, and a sample of those that do (teachers), whose own
-- label is taken out of everything they are scored by. A teacher's fold says whether it fits
-- the model, calibrates it or checks it.
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
    LIMIT $max_teachers
);

-- A circle is a set of artists that have something in common: a playlist, a track's credits, a
-- cell of sound. One source of evidence at a time fills it. Weights are whole numbers (1,024
-- is one membership), so that sums do not depend on the order in which threads add.
CREATE TABLE circle (circle UBIGINT, artist_code UINTEGER, weight BIGINT);

CREATE TABLE vote (
    source VARCHAR,
    artist_code UINTEGER,
    genre_code UINTEGER,
    votes DOUBLE,
    total DOUBLE
);
