-- A word that the lookup does not know, and an id that another assignment has.
update assignment set status_code = 'X' where assignment_id = 11073;
update assignment set external_id = 'A-10248' where assignment_id = 11048;
