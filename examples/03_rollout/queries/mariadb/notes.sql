select * from note where assignment_id in (:ids) order by note_id
