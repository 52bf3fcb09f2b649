-- Which genre an artist lists first, and which it was predicted to have, that it does not list.
SELECT listed.genre AS listed, guessed.genre AS predicted, count(*) AS artists
FROM mistaken
JOIN assigned ON assigned.artist_code = mistaken.artist_code AND assigned.position = 0
JOIN read_parquet($genre_map) AS listed ON listed.genre_code = assigned.genre_code
JOIN read_parquet($genre_map) AS guessed ON guessed.genre_code = mistaken.genre_code
GROUP BY ALL
ORDER BY artists DESC, listed.genre, guessed.genre
LIMIT $pairs;
