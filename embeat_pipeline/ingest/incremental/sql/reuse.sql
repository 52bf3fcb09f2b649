-- Whether tables of the previous ingest can be taken over.

--: renamed_relations
-- Number of relations that name an artist by name alone; 0 unless the name of an artist changed.
SELECT count(*) FROM staged_related_artists
WHERE (artist_id IS NULL OR related_artist_id IS NULL)
  AND (SELECT count(*) FROM changed_artists) > 0;
