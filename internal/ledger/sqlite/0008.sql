-- Version 8: where the records of a place stand: the database, and of each table
-- that they go to what it is there ('{"s.t": "..."}'). When one of them is another,
-- floor is raised: what was remembered is of rows that are gone.
ALTER TABLE place ADD COLUMN database TEXT NOT NULL DEFAULT '';
ALTER TABLE place ADD COLUMN made TEXT NOT NULL DEFAULT '{}';
