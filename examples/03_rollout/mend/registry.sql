update registry.project set flow = 'project_postgres' where id = 'p05';
