select * from note where assignment_id = any(:ids) order by note_id
