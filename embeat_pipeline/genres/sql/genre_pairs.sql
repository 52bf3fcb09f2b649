-- How often two genres go together: listed by one artist, or by two related artists. Weights are
-- whole numbers, whose sums do not depend on the order: an artist's genres share 840, which every
-- number up to 8 divides, and an artist's relations share one as well.
CREATE TEMP TABLE listed AS
SELECT artist_code, genre_code, 840 // count(*) OVER (PARTITION BY artist_code) AS share
FROM read_parquet($artist_genres)
WHERE source = 'listed' AND position < $genres_per_artist;

CREATE TEMP TABLE relation AS
SELECT artist_code, other_code, count(*) OVER (PARTITION BY artist_code) AS relations
FROM (
    SELECT artist_code, related_artist_code AS other_code FROM read_parquet($related_artists)
    UNION
    SELECT related_artist_code, artist_code FROM read_parquet($related_artists)
)
WHERE artist_code != other_code;

SELECT genre_code, other_genre_code, sum(weight)::DOUBLE / (840 * 840) AS weight
FROM (
    SELECT own.genre_code, other.genre_code AS other_genre_code, sum(own.share * 840) AS weight
    FROM listed AS own
    JOIN listed AS other USING (artist_code)
    GROUP BY ALL
    UNION ALL
    SELECT own.genre_code, other.genre_code, sum(own.share * other.share // relations)
    FROM relation
    JOIN listed AS own USING (artist_code)
    JOIN listed AS other ON other.artist_code = relation.other_code
    GROUP BY ALL
)
GROUP BY ALL
ORDER BY genre_code, other_genre_code;
