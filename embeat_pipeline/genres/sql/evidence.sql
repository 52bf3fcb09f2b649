-- Features of each artist and each genre that some source proposes for it, in one row: votes and
-- totals by source (null: none), the prior of the genre, and whether the artist lists it.
CREATE TABLE evidence AS
WITH votes AS (
    SELECT
        artist_code,
        genre_code,
        max(votes) FILTER (source = 'related') AS votes_related,
        max(votes) FILTER (source = 'related of related') AS votes_through,
        max(votes) FILTER (source = 'playlist') AS votes_playlist,
        max(votes) FILTER (source = 'credit') AS votes_credit,
        max(votes) FILTER (source = 'album') AS votes_album,
        max(votes) FILTER (source = 'registrant') AS votes_registrant,
        max(votes) FILTER (source = 'country') AS votes_country,
        max(votes) FILTER (source = 'sound') AS votes_sound
    FROM (
        SELECT
            *,
            row_number() OVER (
                PARTITION BY source, artist_code ORDER BY votes DESC, genre_code
            ) AS place
        FROM vote
    )
    GROUP BY artist_code, genre_code
    HAVING min(place) <= $candidates
),
totals AS (
    SELECT
        artist_code,
        max(total) FILTER (source = 'related') AS total_related,
        max(total) FILTER (source = 'related of related') AS total_through,
        max(total) FILTER (source = 'playlist') AS total_playlist,
        max(total) FILTER (source = 'credit') AS total_credit,
        max(total) FILTER (source = 'album') AS total_album,
        max(total) FILTER (source = 'registrant') AS total_registrant,
        max(total) FILTER (source = 'country') AS total_country,
        max(total) FILTER (source = 'sound') AS total_sound
    FROM vote
    GROUP BY artist_code
)
SELECT
    votes.*,
    scored.fold,
    prior.prior,
    totals.* EXCLUDE (artist_code),
    label.genre_code IS NOT NULL AS listed
FROM votes
JOIN scored ON scored.artist_code = votes.artist_code
JOIN prior ON prior.genre_code = votes.genre_code
JOIN totals ON totals.artist_code = votes.artist_code
LEFT JOIN label
    ON label.artist_code = votes.artist_code
    AND label.genre_code = votes.genre_code
ORDER BY votes.artist_code, votes.genre_code;
