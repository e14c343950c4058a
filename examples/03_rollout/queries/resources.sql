select resource_id, code, name, workstation from resource order by resource_id
