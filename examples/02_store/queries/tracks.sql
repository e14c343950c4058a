select t.track_id, t.name, g.name as genre, t.milliseconds, t.unit_price
from chinook.track t left join chinook.genre g using (genre_id)
