-- volume.c: the latest hour of which a sample with a revision above 0 is
-- stored, so that a sample of a later hour need not be compared with others
-- of its instant; NULL: there is none.
ALTER TABLE volume ADD COLUMN revised_hour INTEGER;
UPDATE volume SET revised_hour = r.hour
  FROM (SELECT volume, max(hour) AS hour FROM sample
    WHERE revision > 0 GROUP BY volume) AS r
  WHERE r.volume = volume.id;
