-- An end before the start, in the middle of a project. The file of document 10324 is
-- not in the archive.
update assignment set date_from = '1998-06-30 08:00' where assignment_id = 10824;
