-- What the report shows of the rejects.

--: rejects
-- Reasons of each file, with how many records they stand for and the first examples.
SELECT file, kind, reason, sum(count)::BIGINT AS count,
       list({'row': row, 'value': value} ORDER BY row) FILTER (place <= 3) AS examples
FROM (SELECT *, row_number() OVER (PARTITION BY file, kind, reason ORDER BY row) AS place
      FROM rejects)
GROUP BY file, kind, reason ORDER BY file, kind, reason;
