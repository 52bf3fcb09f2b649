-- Number of artists and tracks with a listed and with a predicted genre.
WITH source AS (
    SELECT artist_code, source
    FROM assigned
    WHERE position = 0
),
track AS (
    SELECT source.source
    FROM read_parquet($tracks) AS track
    LEFT JOIN source ON source.artist_code = track.artist_codes[1]
)
SELECT
    (SELECT count(*) FROM read_parquet($artists)) AS artists,
    (SELECT count(*) FROM source WHERE source = 'listed') AS artists_listed,
    (SELECT count(*) FROM source WHERE source != 'listed') AS artists_predicted,
    count(*) AS tracks,
    count(*) FILTER (source = 'listed') AS tracks_listed,
    count(*) FILTER (source != 'listed') AS tracks_predicted,
    (SELECT count(*) FROM assigned) AS rows
FROM track;
