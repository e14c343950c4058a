select * from assignment order by project_id, seq
