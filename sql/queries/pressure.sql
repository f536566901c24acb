-- name: high
-- Counting stops at the mark: the cost does not grow with the backlog.
select (select count(*) from (
    select from jobs j where j.kind = $1 and j.state = 'ready' limit h.mark) w) >= h.mark
from high_water h where h.kind = $1
