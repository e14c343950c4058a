select project_id, code, name from project order by project_id
