update assignment set external_id = 'A-11048' where assignment_id = 11048;
