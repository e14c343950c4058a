select id, flow, planboards, host, port, database, client
from registry.project
where wave = :inputs.wave and (not completed or :inputs.completed)
order by id
