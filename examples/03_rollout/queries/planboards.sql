select concat('S-', slot_id) as external_id, assignment_id, day, hours from planboard order by slot_id
