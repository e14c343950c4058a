select * from contact where assignment_id in (:ids) order by contact_id
