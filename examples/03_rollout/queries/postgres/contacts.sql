select * from contact where assignment_id = any(:ids) order by contact_id
