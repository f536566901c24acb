-- name: arrays
-- Every array type that the queue's statements take or give. The driver looks a type up when it first meets it, and switches
-- jit off and back for the look: at the session's level, so not in a transaction of ours that switched it off already, or the
-- next one to get this session from a pooler would have it off, too.
select null::boolean[] as a, null::smallint[] as b, null::integer[] as c, null::bigint[] as d, null::uuid[] as e, null::text[] as f,
  null::timestamptz[] as g, null::interval[] as h
