-- A word that the lookup does not know, at the head of a project: what is behind it
-- waits. And an id that another assignment has.
update assignment set status_code = 'X' where assignment_id = 10323;
update assignment set external_id = 'A-10248' where assignment_id = 11048;
