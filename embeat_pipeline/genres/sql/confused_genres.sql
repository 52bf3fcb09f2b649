-- Pairs of the genre an artist lists first and a wrong genre that was predicted for it.
SELECT listed.genre AS listed, predicted.genre AS predicted, count(*) AS artists
FROM mistaken
JOIN assigned ON assigned.artist_code = mistaken.artist_code AND assigned.position = 0
JOIN read_parquet($genre_map) AS listed ON listed.genre_code = assigned.genre_code
JOIN read_parquet($genre_map) AS predicted ON predicted.genre_code = mistaken.genre_code
GROUP BY ALL
ORDER BY artists DESC, listed.genre, predicted.genre
LIMIT $pairs;
