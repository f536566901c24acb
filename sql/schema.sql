-- What the migrations make, told by the catalogs: `make schema` writes it and a test compares it.
-- For reading; nothing runs it. Partitions are left out: which there are depends on the day.

grant usage on schema inspect to cid_app;
grant usage on schema inspect to cid_worker;
grant usage on schema public to cid_app;
grant usage on schema public to cid_worker;

CREATE OR REPLACE FUNCTION inspect.cancel_job(p_id bigint)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  found_state text;
begin
  select j.state into found_state from jobs j where j.id = p_id for update;
  if found_state = 'running' then
    update jobs j set cancel = true where j.id = p_id;
    return 'asked';
  elsif found_state is not null then
    with gone as (delete from jobs j where j.id = p_id returning j.*)
    insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at)
    select g.id, g.tenant_id, g.kind, 'cancelled', g.attempt, g.payload, g.created_at, g.run_at, g.started_at from gone g;
    return 'cancelled';
  end if;
  return null;
end $function$;
revoke all on function inspect.cancel_job(bigint) from public;
grant execute on function inspect.cancel_job(bigint) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.cancel_waiting(p_kind text, p_tenant uuid DEFAULT NULL::uuid, p_key text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with gone as (
    delete from jobs j
    where j.state in ('scheduled', 'ready') and j.kind = p_kind and (p_tenant is null or j.tenant_id = p_tenant)
      and (p_key is null or j.key = p_key)
    returning j.*
  ), ended as (
    insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at)
    select g.id, g.tenant_id, g.kind, 'cancelled', g.attempt, g.payload, g.created_at, g.run_at, g.started_at from gone g
    returning 1
  )
  select count(*) from ended
$function$;
revoke all on function inspect.cancel_waiting(text,uuid,text) from public;
grant execute on function inspect.cancel_waiting(text,uuid,text) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.go_on(p_tenant uuid DEFAULT NULL::uuid)
 RETURNS TABLE(kind text, jobs bigint)
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with found as materialized (
    select j.id from jobs j
    where j.state = 'scheduled' and (p_tenant is null or j.tenant_id = p_tenant)
      and (j.error like '% for % is used up' or j.error like 'models are switched off: %')
    for update skip locked
  ), unpaid as materialized (
    select j.id from sources o join jobs j on j.tenant_id = '00000000-0000-0000-0000-000000000000' and j.kind = 'poll'
      and j.dedupe_key = o.id::text and j.state = 'scheduled'
    where o.cause = 'budget' and (p_tenant is null or o.tenant_id = p_tenant)
    for update of j skip locked
  ), gone as (
    update jobs j set state = 'ready', run_at = cid_now()
    where j.id = any (array(select f.id from found f union select u.id from unpaid u)) returning j.kind
  )
  select g.kind, count(*) from gone g group by g.kind
$function$;
revoke all on function inspect.go_on(uuid) from public;
grant execute on function inspect.go_on(uuid) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.job(p_id bigint)
 RETURNS TABLE(id bigint, kind text, state text, tenant text, key text, attempt integer, created_at timestamp with time zone, started_at timestamp with time zone, at timestamp with time zone, error text, payload jsonb)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select f.id, f.kind, f.state, t.slug, f.key, f.attempt, f.created_at, f.started_at, f.at, f.error, f.payload
  from (
    select j.id, j.kind, j.state, j.tenant_id, j.key, j.attempt, j.created_at, j.started_at, j.run_at as at, j.error, j.payload
    from jobs j where j.id = p_id
    union all
    select d.id, d.kind, 'dead', d.tenant_id, d.key, d.attempt, d.created_at, null, d.died_at, d.error, d.payload
    from jobs_dead d where d.id = p_id
    union all
    select e.id, e.kind, e.outcome, e.tenant_id, null, e.attempt, e.created_at, e.started_at, e.ended_at, '', e.payload
    from jobs_done e where e.id = p_id
  ) f left join tenants t on t.id = f.tenant_id
  order by f.at
$function$;
revoke all on function inspect.job(bigint) from public;
grant execute on function inspect.job(bigint) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.pause(p_kind text, p_tenant uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with done as (insert into pauses (kind, tenant_id) values (p_kind, p_tenant) on conflict do nothing returning 1)
  select exists (select from done)
$function$;
revoke all on function inspect.pause(text,uuid) from public;
grant execute on function inspect.pause(text,uuid) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.recount_runs(p_tenant uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  insert into public.run_sums (tenant_id, grain, at, slot) select p_tenant, 'ever', 'epoch', n from generate_series(0, 7) n order by n
    on conflict do nothing;
  perform 1 from public.run_sums s where s.tenant_id = p_tenant and s.grain = 'ever' order by s.slot for update;
  update public.run_sums s set runs = 0, completed = 0, partial = 0, failed = 0, scored = 0, points = 0, excellent = 0, good = 0,
    acceptable = 0, poor = 0, failing = 0
    where s.tenant_id = p_tenant;
  insert into public.run_sums as s (tenant_id, grain, at, slot, runs, completed, partial, failed, scored, points, excellent, good,
    acceptable, poor, failing)
  select r.tenant_id, r.grain, r.at, 0, r.runs, r.completed, r.partial, r.failed, r.scored, r.points, r.excellent, r.good, r.acceptable,
    r.poor, r.failing
  from public.recounted_runs r where r.tenant_id = p_tenant
  on conflict (tenant_id, grain, at, slot) do update set runs = excluded.runs, completed = excluded.completed, partial = excluded.partial,
    failed = excluded.failed, scored = excluded.scored, points = excluded.points, excellent = excluded.excellent, good = excluded.good,
    acceptable = excluded.acceptable, poor = excluded.poor, failing = excluded.failing;
  return (select s.runs from public.run_sums s where s.tenant_id = p_tenant and s.grain = 'ever' and s.slot = 0);
end $function$;
revoke all on function inspect.recount_runs(uuid) from public;
grant execute on function inspect.recount_runs(uuid) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.resume(p_kind text, p_tenant uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with done as (
    delete from pauses p where p.kind = p_kind and p.tenant_id = p_tenant
      and not (p_kind = '*' and exists (select from tenants t where t.id = p_tenant and t.paused_at is not null))
    returning 1)
  select exists (select from done)
$function$;
revoke all on function inspect.resume(text,uuid) from public;
grant execute on function inspect.resume(text,uuid) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.retry_dead(p_kind text DEFAULT NULL::text, p_tenant uuid DEFAULT NULL::uuid, p_reason text DEFAULT ''::text, p_since timestamp with time zone DEFAULT '-infinity'::timestamp with time zone)
 RETURNS TABLE(back bigint, stayed bigint)
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with found as materialized (
    select d.* from jobs_dead d
    where (p_kind is null or d.kind = p_kind) and (p_tenant is null or d.tenant_id = p_tenant)
      and position(lower(p_reason) in lower(d.error)) > 0 and d.died_at >= p_since
    for update
  ), back as (
    insert into jobs (id, tenant_id, kind, key, priority, dedupe_key, payload, error, created_at)
    select f.id, f.tenant_id, f.kind, f.key, f.priority, f.dedupe_key, f.payload, f.error, f.created_at
    from found f order by f.tenant_id, f.kind, f.dedupe_key, f.id
    on conflict (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null do nothing
    returning id
  ), gone as (
    delete from jobs_dead d using back b where d.id = b.id returning d.id
  )
  select (select count(*) from gone), (select count(*) from found) - (select count(*) from gone)
$function$;
revoke all on function inspect.retry_dead(text,uuid,text,timestamp with time zone) from public;
grant execute on function inspect.retry_dead(text,uuid,text,timestamp with time zone) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.retry_item(p_item uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  one record; back bigint := 0;
begin
  for one in
    update public.screenings s set state = 'open', failure = '', changed_at = public.cid_now()
    where s.id in (select w.id from public.screenings w where w.item_id = p_item and w.desk = 'tracker' and w.state = 'failed'
                   order by w.id for no key update)
    returning s.tenant_id, s.id
  loop
    insert into public.track_faults (tenant_id, id, screening_id, kind)
    values (one.tenant_id, (left(public.uuid7_floor(public.cid_now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, one.id, 'retried');
    insert into public.jobs (tenant_id, kind, payload, dedupe_key)
    values (one.tenant_id, 'track', jsonb_build_object('screening', one.id), one.id::text)
    on conflict (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null do nothing;
    back := back + 1;
  end loop;
  return back;
end $function$;
revoke all on function inspect.retry_item(uuid) from public;
grant execute on function inspect.retry_item(uuid) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.retry_job(p_id bigint)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with back as (
    insert into jobs (id, tenant_id, kind, key, priority, dedupe_key, payload, error, created_at)
    select d.id, d.tenant_id, d.kind, d.key, d.priority, d.dedupe_key, d.payload, d.error, d.created_at
    from jobs_dead d where d.id = p_id for update
    on conflict (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null do nothing
    returning id
  ), gone as (
    delete from jobs_dead d using back b where d.id = b.id returning d.id
  )
  select exists (select from gone)
$function$;
revoke all on function inspect.retry_job(bigint) from public;
grant execute on function inspect.retry_job(bigint) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.start_models()
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  update model_terms set stopped = null, changed_at = cid_now() where tenant_id = '00000000-0000-0000-0000-000000000000';
  select from inspect.go_on()
$function$;
revoke all on function inspect.start_models() from public;
grant execute on function inspect.start_models() to cid_worker;

CREATE OR REPLACE FUNCTION inspect.stop_models(p_why text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  insert into model_terms (tenant_id, stopped) values ('00000000-0000-0000-0000-000000000000', p_why)
  on conflict (tenant_id) do update set stopped = excluded.stopped, changed_at = cid_now()
$function$;
revoke all on function inspect.stop_models(text) from public;
grant execute on function inspect.stop_models(text) to cid_worker;

CREATE OR REPLACE FUNCTION inspect.tenant(p_slug text)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  found_id uuid := (select t.id from tenants t where t.slug = p_slug);
begin
  if found_id is null then
    raise exception 'there is no tenant %', p_slug using errcode = 'no_data_found';
  end if;
  return found_id;
end $function$;
revoke all on function inspect.tenant(text) from public;
grant execute on function inspect.tenant(text) to cid_worker;

CREATE OR REPLACE FUNCTION public.app_tenant()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select nullif(current_setting('app.tenant_id', true), '')::uuid
$function$;

CREATE OR REPLACE FUNCTION public.auto_revision()
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select coalesce((select (value->>'on')::boolean from public.settings where key = 'auto_revision'), true)
$function$;
revoke all on function auto_revision() from public;
grant execute on function auto_revision() to cid_app;
grant execute on function auto_revision() to cid_worker;

CREATE OR REPLACE FUNCTION public.budgets_of(p_tenant uuid, p_stage text, p_at timestamp with time zone)
 RETURNS TABLE(n integer, tenant_id uuid, period text, starts date, scope text)
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  values (1, '00000000-0000-0000-0000-000000000000'::uuid, 'day', (p_at at time zone 'UTC')::date, ''),
         (2, p_tenant, 'month', date_trunc('month', p_at at time zone 'UTC')::date, ''),
         (3, p_tenant, 'day', (p_at at time zone 'UTC')::date, ''),
         (4, p_tenant, 'day', (p_at at time zone 'UTC')::date, p_stage)
$function$;
revoke all on function budgets_of(uuid,text,timestamp with time zone) from public;

CREATE OR REPLACE FUNCTION public.cid_now()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select now() + case when current_database() like 'cid\_test%'
                      then coalesce(nullif(current_setting('cid.clock_offset', true), '')::interval, interval '0')
                      else interval '0' end
$function$;

CREATE OR REPLACE FUNCTION public.claim_limited(p_kind text, p_tenants uuid[], p_keys text[], p_priorities smallint[], p_ids bigint[], p_shares integer[], p_hands integer, p_size integer, p_linger interval, p_worker uuid, p_lease bigint, p_deadline interval, p_most integer, p_most_per_key integer, p_every interval, p_burst integer, p_every_per_key interval, p_burst_per_key integer)
 RETURNS TABLE(id bigint, tenant_id uuid, key text, priority smallint, attempt integer, lease bigint, payload jsonb, error text, wait double precision)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  total integer := p_hands; clock timestamptz; tat timestamptz; mine integer[];
begin
  -- A lost claim is a job handed out again, which the fence allows for: it need not wait for the disk.
  perform set_config('synchronous_commit', 'off', true);
  if p_most is not null or p_every is not null then
    perform pg_advisory_xact_lock(hashtextextended(p_kind, 1));
  end if;
  if p_most is not null then
    total := least(total, p_most - (select count(*) from (
      select from jobs j where j.kind = p_kind and j.counted group by j.tenant_id, j.key, j.lease) h));
  end if;
  -- Under the lock by the clock on the wall: the transaction's own stood still while it waited for the lock.
  clock := clock_timestamp() + (cid_now() - now());
  if p_every is not null and total > 0 then
    tat := greatest(clock, (select l.tat from limits l where l.key = 'jobs ' || p_kind));
    total := least(total, p_burst - ceil(extract(epoch from tat - clock) / extract(epoch from p_every)));
    if total <= 0 then
      wait := extract(epoch from tat - p_every * (p_burst - 1) - clock);
      return next;
    end if;
  end if;
  if total <= 0 then return; end if;

  select coalesce(array_agg(e.n), '{}') into mine from generate_subscripts(p_tenants, 1) as e (n)
  where (p_most_per_key is null and p_every_per_key is null)
     or pg_try_advisory_xact_lock(hashtextextended(p_kind || ' ' || p_tenants[e.n] || ' ' || p_keys[e.n], 2));
  clock := clock_timestamp() + (cid_now() - now());
  return query
    with allowed as materialized (
      select e.n, p_tenants[e.n] as tenant_id, p_keys[e.n] as key, p_priorities[e.n] as priority, p_ids[e.n] as id, l.limit_key,
        least(p_shares[e.n],
              case when p_most_per_key is not null then p_most_per_key - (
                select count(distinct j.lease) from jobs j
                where j.kind = p_kind and j.tenant_id = p_tenants[e.n] and j.key = p_keys[e.n] and j.counted) end,
              p_burst_per_key - ceil(extract(epoch from greatest(l.tat, clock) - clock) / extract(epoch from p_every_per_key)),
              case when f.run_at > clock - p_linger and f.priority >= 0 and not exists (
                select from jobs j
                where j.state = 'ready' and j.kind = p_kind and j.tenant_id = p_tenants[e.n] and j.key = p_keys[e.n]
                  and (j.priority, j.id) > (p_priorities[e.n], p_ids[e.n])
                order by j.priority, j.id offset p_size - 1 limit 1) then 0 end
        )::integer as hands
      from unnest(mine) as e (n)
      cross join lateral (
        select j.run_at, j.priority from jobs j
        where j.state = 'ready' and j.kind = p_kind and j.tenant_id = p_tenants[e.n] and j.key = p_keys[e.n]
          and (j.priority, j.id) > (p_priorities[e.n], p_ids[e.n])
        order by j.priority, j.id limit 1) f
      cross join lateral (
        select k.limit_key, (select o.tat from limits o where p_every_per_key is not null and o.key = k.limit_key) as tat
        from (select 'jobs ' || p_kind || ' ' || p_tenants[e.n] || ' ' || p_keys[e.n] as limit_key) k) l
    ), closed as materialized (
      select coalesce(array_agg(p.tenant_id), '{}') as tenants from pauses p where p.kind in (p_kind, '*')
    ), turns as materialized (
      -- no more of them than there are hand-outs to give: locking a row writes it
      select t.n, t.tenant_id, t.key, t.priority, t.id, least(t.hands, total - t.before) as hands
      from (select a.*, sum(a.hands) over (order by a.n) - a.hands as before
            from allowed a cross join closed c
            where a.hands > 0 and not a.tenant_id = any (c.tenants)
              and not '00000000-0000-0000-0000-000000000000' = any (c.tenants)) t
      where t.before < total
    ), locked as materialized (
      select a.n, w.id, w.run_at, w.priority, row_number() over (partition by a.n order by w.priority, w.id) - 1 as place
      from turns a
      cross join lateral (
        select j.id, j.priority, j.run_at from jobs j
        where j.state = 'ready' and j.kind = p_kind and j.tenant_id = a.tenant_id and j.key = a.key
          and (j.priority, j.id) > (a.priority, a.id)
        order by j.priority, j.id limit a.hands * p_size for update skip locked) w
    ), ripe as materialized (
      select g.n, g.id, dense_rank() over (order by g.place / p_size, g.n) as hand
      from (select l.*, count(*) over hand as filled, min(l.run_at) over hand as since, min(l.priority) over hand as first
            from locked l window hand as (partition by l.n, l.place / p_size)) g
      where g.filled = p_size or g.since <= clock - p_linger or g.first < 0
    ), spent as (
      insert into limits as l (key, tat)
      select s.limit_key, clock + s.taken from (
        select 'jobs ' || p_kind as limit_key, p_every * count(distinct r.hand) as taken from ripe r where p_every is not null
        union all
        select a.limit_key, p_every_per_key * count(distinct r.hand) from ripe r join allowed a on a.n = r.n
        where p_every_per_key is not null group by a.limit_key) s
      where s.taken > interval '0'
      on conflict (key) do update set tat = greatest(l.tat, clock) + (excluded.tat - clock)
    ), hands as materialized (
      select array_agg(r.id order by r.id) as ids, array_agg(r.hand order by r.id) as hands from ripe r
    )
    -- no join: without statistics it scans the table, and with those of a table that was empty each job is looked for as often as
    -- there are jobs; `width_bucket` finds its place among the sorted ids
    update jobs j
    set state = 'running', attempt = j.attempt + 1, worker = p_worker, deadline = clock + p_deadline,
        lease = p_lease + (select k.hands[width_bucket(j.id, k.ids)] from hands k),
        started_at = clock, counted = p_most is not null or p_most_per_key is not null
    where j.id = any (array(select p.id from ripe p))
    returning j.id, j.tenant_id, j.key, j.priority, j.attempt, j.lease, j.payload, j.error, null::double precision;
  if found then return; end if;

  -- Nothing yet: when the first of these limits lets something through, or the first group has waited long enough.
  wait := (
    select min(s.seconds) from unnest(mine) as e (n)
    cross join lateral (
      select extract(epoch from l.tat - p_every_per_key * (p_burst_per_key - 1) - clock) as seconds from limits l
      where p_every_per_key is not null and l.key = 'jobs ' || p_kind || ' ' || p_tenants[e.n] || ' ' || p_keys[e.n]
      union all
      select extract(epoch from f.run_at + p_linger - clock) from (
        select j.run_at from jobs j
        where p_linger > interval '0' and j.state = 'ready' and j.kind = p_kind and j.tenant_id = p_tenants[e.n] and j.key = p_keys[e.n]
          and j.priority >= 0
        order by j.priority, j.id limit 1) f
    ) s where s.seconds > 0);
  if wait is not null then return next; end if;
end $function$;
revoke all on function claim_limited(text,uuid[],text[],smallint[],bigint[],integer[],integer,integer,interval,uuid,bigint,interval,integer,integer,interval,integer,interval,integer) from public;
grant execute on function claim_limited(text,uuid[],text[],smallint[],bigint[],integer[],integer,integer,interval,uuid,bigint,interval,integer,integer,interval,integer,interval,integer) to cid_worker;

CREATE OR REPLACE FUNCTION public.costs_of(p_screenings uuid[])
 RETURNS TABLE(screening_id uuid, calls bigint, unanswered bigint, spent numeric)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  about text[];
begin
  about := array(
    select s.id::text from unnest(p_screenings) as s (id)
    union all
    select v.id::text from public.drafts d join public.versions v on v.tenant_id = d.tenant_id and v.draft_id = d.id
    where d.tenant_id = public.app_tenant() and d.screening_id = any (p_screenings));
  -- planned with the names at hand: a general plan would read every call
  return query execute $q$
    select c.screening_id, count(distinct c.call_id), count(distinct c.call_id) filter (where c.state in ('failed', 'ambiguous')), sum(c.spent)
    from inspect.call_shares c
    where c.tenant_id = $1 and c.subject = any ($2)
      and c.call_id = any (array(select k.id from public.calls k
        where k.tenant_id = $1 and jsonb_path_query_array(k.subjects, '$[*][1]') ?| $2))
    group by c.screening_id
  $q$ using public.app_tenant(), about;
end $function$;
revoke all on function costs_of(uuid[]) from public;
grant execute on function costs_of(uuid[]) to cid_app;

CREATE OR REPLACE FUNCTION public.count_run()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  was public.runs;  -- all null for a new run
begin
  if tg_op = 'UPDATE' then
    was := old;
  end if;
  insert into public.run_sums as s (tenant_id, grain, at, slot, runs, completed, partial, failed, scored, points,
    excellent, good, acceptable, poor, failing)
  select new.tenant_id, g.grain, g.at, pg_backend_pid() % 8, (was.id is null)::int,
    (new.state = 'completed')::int - coalesce((was.state = 'completed')::int, 0),
    (new.state = 'partial')::int - coalesce((was.state = 'partial')::int, 0),
    (new.state = 'failed')::int - coalesce((was.state = 'failed')::int, 0),
    num_nonnulls(new.score) - num_nonnulls(was.score), coalesce(new.score, 0) - coalesce(was.score, 0),
    (new.rating = 'excellent')::int - coalesce((was.rating = 'excellent')::int, 0),
    (new.rating = 'good')::int - coalesce((was.rating = 'good')::int, 0),
    (new.rating = 'acceptable')::int - coalesce((was.rating = 'acceptable')::int, 0),
    (new.rating = 'poor')::int - coalesce((was.rating = 'poor')::int, 0),
    (new.rating = 'failing')::int - coalesce((was.rating = 'failing')::int, 0)
  from (values (1, 'ever', timestamptz 'epoch'), (2, 'day', date_trunc('day', new.created_at, 'UTC')),
               (3, 'hour', date_trunc('hour', new.created_at, 'UTC'))) g (n, grain, at)
  order by g.n
  on conflict (tenant_id, grain, at, slot) do update set runs = s.runs + excluded.runs, completed = s.completed + excluded.completed,
    partial = s.partial + excluded.partial, failed = s.failed + excluded.failed, scored = s.scored + excluded.scored,
    points = s.points + excluded.points, excellent = s.excellent + excluded.excellent, good = s.good + excluded.good,
    acceptable = s.acceptable + excluded.acceptable, poor = s.poor + excluded.poor, failing = s.failing + excluded.failing;
  return null;
end $function$;
revoke all on function count_run() from public;

CREATE OR REPLACE FUNCTION public.delete_tenant(gone uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  todo regclass[]; next regclass; slug text; deleted bigint; counts jsonb := '{}'; private uuid[]; stories uuid[];
begin
  if exists (select from public.tenants t where t.id = gone and t.reserved) then
    raise exception 'the platform''s own account stays' using errcode = 'insufficient_privilege';
  end if;
  select t.slug into slug from public.tenants t where t.id = gone for update;   -- new rows with a foreign key wait, then fail
  select array_agg(i.id), array_agg(distinct i.story_id) into private, stories from public.items i
   where not i.public
     and exists (select from public.sightings s where s.item_id = i.id and s.tenant_id = gone)
     and not exists (select from public.sightings s where s.item_id = i.id and s.tenant_id is distinct from gone);
  select array_agg(c.oid::regclass) into todo from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition;
  while cardinality(todo) > 0 loop
    select t into next from unnest(todo) t
     where not exists (select from pg_constraint k where k.contype = 'f' and k.confrelid = t and k.conrelid <> t
                         and k.conrelid = any (todo) and not k.condeferrable)
     order by t::text limit 1;
    if next is null then
      raise exception 'tables with a tenant refer to each other in a ring: %', todo;
    end if;
    execute format('delete from %s where tenant_id = $1', next) using gone;
    get diagnostics deleted = row_count;
    if deleted > 0 then
      counts := counts || jsonb_build_object(next::text, deleted);
    end if;
    todo := array_remove(todo, next);
  end loop;
  delete from public.items where id = any (private);
  -- with those that merged into them, which hold nothing any more; what followed one of them follows nothing now
  stories := array(select s.id from public.stories s where s.id = any (stories) and not exists (select from public.items i where i.story_id = s.id));
  update public.stories s set follows = null where s.follows = any (stories);
  delete from public.stories s where s.id = any (stories) or s.merged_into = any (stories);
  delete from public.tenants where id = gone;
  if slug is null and counts = '{}' then
    raise exception 'there is no tenant %', gone using errcode = 'no_data_found';
  end if;
  insert into public.audit (id, tenant_id, action, target, detail)
  values ((left(public.uuid7_floor(public.cid_now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid,
          null, 'tenant.deleted', gone::text, jsonb_build_object('slug', slug, 'rows', counts));
  return counts;
end $function$;
revoke all on function delete_tenant(uuid) from public;

CREATE OR REPLACE FUNCTION public.drop_old_history(p_keep interval)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  part record; dropped integer := 0;
begin
  for part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.jobs_done'::regclass and c.relname ~ '^jobs_done_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') + 1
          < ((public.cid_now() - greatest(p_keep, interval '1 day')) at time zone 'UTC')::date
  loop
    execute format('drop table public.%I', part.relname);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $function$;
revoke all on function drop_old_history(interval) from public;
grant execute on function drop_old_history(interval) to cid_worker;

CREATE OR REPLACE FUNCTION public.export_page(p_table text, p_columns text[], p_keys text[], p_after jsonb, p_most integer)
 RETURNS TABLE(key jsonb, body text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  place regclass := format('public.%I', p_table)::regclass; behind text := 'true';
begin
  if p_after is not null then
    select format('(%s) > (%s)', string_agg(format('x.%I', k.name), ', ' order by k.n),
                  string_agg(format('%L::%s', p_after ->> k.name, format_type(a.atttypid, a.atttypmod)), ', ' order by k.n)) into behind
    from unnest(p_keys) with ordinality as k (name, n) join pg_attribute a on a.attrelid = place and a.attname = k.name;
  end if;
  return query execute format($q$
    select jsonb_build_object(%s), to_jsonb(r)::text from (
      select %s from %s x where x.tenant_id = $1 and %s order by %s limit $2) r$q$,
    (select string_agg(format('%L, r.%I', k, k), ', ') from unnest(p_keys) k),
    (select string_agg(format('x.%I', c), ', ') from unnest(p_columns) c),
    place, behind, (select string_agg(format('x.%I', k.name), ', ' order by k.n) from unnest(p_keys) with ordinality as k (name, n)))
  using public.app_tenant(), p_most;
end $function$;
revoke all on function export_page(text,text[],text[],jsonb,integer) from public;
grant execute on function export_page(text,text[],text[],jsonb,integer) to cid_app;

CREATE OR REPLACE FUNCTION public.find_audit(p_tenant uuid, p_user uuid, p_action text, p_target text, p_from uuid, p_before uuid, p_most integer)
 RETURNS TABLE(id uuid, at timestamp with time zone, user_id uuid, action text, target text, detail jsonb)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  return query execute $q$
    select a.id, a.at, a.user_id, a.action, a.target, a.detail
    from public.audit a
    where ($1 is null and a.tenant_id is null or a.tenant_id = $1)
      and ($2 is null or a.user_id = $2) and ($3 is null or a.action = $3) and ($4 is null or a.target = $4)
      and ($5 is null or a.id >= $5) and ($6 is null or a.id < $6)
    order by a.id desc limit $7
  $q$ using p_tenant, p_user, p_action, p_target, p_from, p_before, p_most;
end $function$;
revoke all on function find_audit(uuid,uuid,text,text,uuid,uuid,integer) from public;
grant execute on function find_audit(uuid,uuid,text,text,uuid,uuid,integer) to cid_app;
grant execute on function find_audit(uuid,uuid,text,text,uuid,uuid,integer) to cid_worker;

CREATE OR REPLACE FUNCTION public.find_runs(p_tenant uuid, p_lead text, p_values text[], p_states text[], p_platform text, p_country text, p_rating text, p_tlp text, p_since timestamp with time zone, p_at timestamp with time zone, p_id uuid, p_most integer, p_walk integer)
 RETURNS TABLE(id uuid, at timestamp with time zone, place uuid)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  led text := case when p_lead = '' then 'true' when p_lead in ('outlet_key', 'state', 'platform', 'country', 'rating', 'tlp') then format('r.%I = v.one', p_lead) end;
  upto_at timestamptz := coalesce(p_at, 'infinity'); upto_id uuid := coalesce(p_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  end_at timestamptz; end_id uuid;
begin
  if led is null then
    raise exception 'runs are not listed by %', p_lead using errcode = 'invalid_parameter_value';
  end if;
  if p_walk is not null then
    execute format($q$
      select w.created_at, w.id from unnest($2) v (one) cross join lateral (
        select r.created_at, r.id from public.runs r
        where r.tenant_id = $1 and %s and r.created_at >= $3 and (r.created_at, r.id) < ($4, $5)
        order by r.created_at desc, r.id desc offset $6 limit 1) w
      order by w.created_at desc, w.id desc limit 1
    $q$, led) into end_at, end_id using p_tenant, p_values, coalesce(p_since, '-infinity'), upto_at, upto_id, p_walk - 1;
  end if;
  return query execute format($q$
    select w.id, w.created_at, w.id from unnest($2) v (one) cross join lateral (
      select r.created_at, r.id from public.runs r
      where r.tenant_id = $1 and %s and r.created_at >= $3 and (r.created_at, r.id) < ($4, $5) and (r.created_at, r.id) >= ($6, $7)
        and ($8 is null or r.state = any ($8)) and ($9 is null or r.platform = $9) and ($10 is null or r.country = $10)
        and ($11 is null or r.rating = $11) and ($12 is null or r.tlp = $12)
      order by r.created_at desc, r.id desc limit $13) w
    order by w.created_at desc, w.id desc limit $13
  $q$, led) using p_tenant, p_values, coalesce(p_since, '-infinity'), upto_at, upto_id, coalesce(end_at, '-infinity'),
    coalesce(end_id, '00000000-0000-0000-0000-000000000000'), p_states, p_platform, p_country, p_rating, p_tlp, p_most;
  if end_at is not null then
    return query select null::uuid, end_at, end_id;
  end if;
end $function$;
revoke all on function find_runs(uuid,text,text[],text[],text,text,text,text,timestamp with time zone,timestamp with time zone,uuid,integer,integer) from public;
grant execute on function find_runs(uuid,text,text[],text[],text,text,text,text,timestamp with time zone,timestamp with time zone,uuid,integer,integer) to cid_app;

CREATE OR REPLACE FUNCTION public.find_verdicts(words text, gate text, outcome text, reason text, before_at timestamp with time zone, before_id uuid, most integer, desk text)
 RETURNS TABLE(id uuid)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  return query execute $q$
    select v.id
    from public.verdicts v
    left join public.screenings s on s.tenant_id = v.tenant_id and s.id = v.screening_id
    join public.items i on i.id = coalesce(v.item_id, s.item_id)
    where v.tenant_id = $1 and public.title_words(i.title) @@ public.title_query($2)
      and ($3 is null or v.gate = $3) and ($4 is null or v.outcome = $4) and ($5 is null or v.reason = $5) and ($9 is null or v.desk = $9)
      and ($6 is null or (v.at, v.id) < ($6, $7))
    order by v.at desc, v.id desc limit $8
  $q$ using public.app_tenant(), words, gate, outcome, reason, before_at, before_id, most, desk;
end $function$;
revoke all on function find_verdicts(text,text,text,text,timestamp with time zone,uuid,integer,text) from public;
grant execute on function find_verdicts(text,text,text,text,timestamp with time zone,uuid,integer,text) to cid_app;

CREATE OR REPLACE FUNCTION public.finish_call(p_tenant uuid, p_call uuid, p_state text, p_cost numeric, p_error text, p_reply jsonb, p_tokens integer, p_tokens_per_minute double precision, p_breaker text, p_wait interval)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  clock timestamptz := public.cid_now(); call record; row record; owed numeric; model_name text;
begin
  select c.id, c.stage, c.provider, c.model, c.reserved, c.tokens, c.state, c.sent_at into call from public.calls c
  where c.id = p_call and c.tenant_id = p_tenant and (c.state = 'sent' or c.state = 'ambiguous' and p_state = 'answered') for update;
  if call.id is null then
    return false;
  end if;
  owed := case p_state when 'answered' then p_cost when 'ambiguous' then call.reserved else 0 end;
  update public.calls c set state = p_state, cost = owed, error = p_error, answered_at = clock,
    reply = p_reply ->> 'text', stop = coalesce(p_reply ->> 'stop', ''), served = coalesce(p_reply ->> 'served', ''),
    request_id = coalesce(p_reply ->> 'request_id', ''), input = coalesce((p_reply ->> 'input')::integer, 0),
    cache_read = coalesce((p_reply ->> 'cache_read')::integer, 0), cache_write = coalesce((p_reply ->> 'cache_write')::integer, 0),
    cache_write_1h = coalesce((p_reply ->> 'cache_write_1h')::integer, 0), output = coalesce((p_reply ->> 'output')::integer, 0),
    thinking = coalesce((p_reply ->> 'thinking')::integer, 0), units = coalesce(p_reply -> 'units', '{}'), price_from = (p_reply ->> 'price_from')::date, wire = null,
    -- only a reply that ended by itself has anything to read: a cut one is never parsed
    read_at = case when p_state = 'answered' and p_reply ->> 'stop' <> 'end' then clock end
  where c.id = p_call;

  if p_breaker <> 'none' then
    model_name := call.provider || '/' || call.model;
    if p_breaker = 'ok' then
      update public.breakers b set failures = 0, open_until = null, changed_at = clock
      where b.model = model_name and (b.failures > 0 or b.open_until is not null);
    else
      insert into public.breakers as b (model, failures, open_until, why)
      values (model_name, case p_breaker when 'fault' then 1 when 'shut' then 3 else 0 end, clock + p_wait, p_error)
      on conflict (model) do update set why = excluded.why, changed_at = clock,
        failures = case p_breaker when 'asked' then b.failures when 'shut' then greatest(b.failures + 1, 3) else b.failures + 1 end,
        -- what a failed try leaves behind replaces the time that it was given; a pause asked for only ever grows
        open_until = case when p_breaker = 'fault' and b.failures + 1 >= 3
               then clock + least(interval '30 seconds' * 2 ^ least(b.failures - 2, 10), interval '10 minutes')
               else greatest(b.open_until, clock + p_wait) end;
    end if;
  end if;

  if p_tokens_per_minute is not null and call.state = 'sent' then
    update public.limits l set tat = l.tat + interval '1 minute' / p_tokens_per_minute * (p_tokens - call.tokens)
    where l.key = 'models ' || call.provider || ' tokens';
  end if;
  if call.reserved > 0 or owed > 0 then
    for row in select * from public.budgets_of(p_tenant, call.stage, call.sent_at) f order by f.n loop
      update public.budgets b set
        reserved = b.reserved - case when call.state = 'sent' then call.reserved else 0 end,
        spent = b.spent + owed - case when call.state = 'ambiguous' then call.reserved else 0 end
      where b.tenant_id = row.tenant_id and b.period = row.period and b.starts = row.starts and b.scope = row.scope;
    end loop;
  end if;
  return true;
end $function$;
revoke all on function finish_call(uuid,uuid,text,numeric,text,jsonb,integer,double precision,text,interval) from public;

CREATE OR REPLACE FUNCTION public.forget_read(p_tenant uuid, p_call uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if p_tenant is distinct from public.app_tenant() then
    raise exception 'reads are forgotten by their own tenant' using errcode = 'insufficient_privilege';
  end if;
  update public.calls c set reply = null, reading = 'stored', read_at = coalesce(c.read_at, public.cid_now())
  where c.tenant_id = p_tenant and c.id = p_call and c.stage in ('poll', 'search') and c.state = 'answered';
  return found;
end $function$;
revoke all on function forget_read(uuid,uuid) from public;
grant execute on function forget_read(uuid,uuid) to cid_app;

CREATE OR REPLACE FUNCTION public.house()
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select '00000000-0000-0000-0000-000000000001'::uuid $function$;

CREATE OR REPLACE FUNCTION public.how_far(p_state text, p_stage text, p_gate text, p_reason text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when p_state = 'passed' then 30 else
    10 * case p_state when 'dropped' then case p_gate when 'draft' then 2 when 'review' then 2 when 'signal' then 1 when 'evidence' then 1 when 'fit' then 1 else 0 end
                      else case p_stage when 'draft' then 2 when 'assess' then 1 when 'gather' then 1 when 'fit' then 1 else 0 end end
    + case when p_state = 'dropped' then case when p_gate in ('relevance', 'fit', 'draft', 'review', 'track') and p_reason <> 'outage' then 7 else 1 end
           when p_state = 'failed' then 3 else 5 end
  end
$function$;

CREATE OR REPLACE FUNCTION public.limit_due(p_key text, p_cost interval, p_room interval)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  clock timestamptz := public.cid_now(); due timestamptz;
begin
  insert into public.limits (key, tat) values (p_key, clock) on conflict do nothing;
  select l.tat into due from public.limits l where l.key = p_key for update;
  -- what is larger than the room by itself waits for all of it
  return greatest(due, clock) + least(p_cost, p_room) - p_room;
end $function$;
revoke all on function limit_due(text,interval,interval) from public;

CREATE OR REPLACE FUNCTION public.make_partition(parent text, suffix text, low text, high text)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare child text := parent || '_' || suffix;
begin
  if to_regclass('public.' || quote_ident(child)) is not null then
    return 0;
  end if;
  execute format('create table public.%I (like public.%I including defaults including constraints)', child, parent);
  execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, child, low, high);
  return 1;
end $function$;
revoke all on function make_partition(text,text,text,text) from public;

CREATE OR REPLACE FUNCTION public.make_partitions(at timestamp with time zone DEFAULT cid_now())
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
declare
  parent text; first timestamp; made integer := 0; i integer;
begin
  perform pg_advisory_xact_lock(hashtext('make_partitions'));  -- two processes that start together
  foreach parent in array array['sightings', 'verdicts', 'calls', 'audit'] loop
    for i in -1 .. 2 loop
      first := date_trunc('month', at at time zone 'UTC') + make_interval(months => i);
      made := made + public.make_partition(parent, to_char(first, 'YYYYMM'),
        public.uuid7_floor(first at time zone 'UTC')::text,
        public.uuid7_floor((first + interval '1 month') at time zone 'UTC')::text);
    end loop;
  end loop;
  for i in -1 .. 3 loop
    first := date_trunc('day', at at time zone 'UTC') + make_interval(days => i);
    made := made + public.make_partition('jobs_done', to_char(first, 'YYYYMMDD'),
      (first at time zone 'UTC')::text, ((first + interval '1 day') at time zone 'UTC')::text);
  end loop;
  return made;
end $function$;
revoke all on function make_partitions(timestamp with time zone) from public;
grant execute on function make_partitions(timestamp with time zone) to cid_worker;

CREATE OR REPLACE FUNCTION public.memberships_of(hash bytea)
 RETURNS TABLE(tenant_id uuid, slug text, name text, sample boolean, created_at timestamp with time zone, zone text, paused_at timestamp with time zone, pause_reason text, stopped_at timestamp with time zone, stop_reason text, role text, desks text[], stale boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select t.id, t.slug, t.name, t.sample, t.created_at, t.zone, t.paused_at, t.pause_reason, t.stopped_at, t.stop_reason, m.role, t.desks,
         m.seen_at is null or m.seen_at < public.cid_now() - interval '1 minute'
  from public.session_of(hash) s join public.members m on m.user_id = s.user_id join public.tenants t on t.id = m.tenant_id
  order by t.name
$function$;
revoke all on function memberships_of(bytea) from public;
grant execute on function memberships_of(bytea) to cid_app;
grant execute on function memberships_of(bytea) to cid_worker;

CREATE OR REPLACE FUNCTION public.merge_stories(p_from uuid[], p_into uuid[])
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  pair record; gone uuid; stays uuid;
begin
  perform pg_advisory_xact_lock(4866372);
  perform pg_advisory_xact_lock(4866373);
  -- of all pairs at once, or the second pair's would be taken out of their order
  perform from public.screenings s where s.story_id in (select public.story_root(u.id) from unnest(p_from || p_into) as u (id))
  order by s.tenant_id, s.id for no key update;
  perform from public.entries e where e.story_id in (select public.story_root(u.id) from unnest(p_from || p_into) as u (id))
  order by e.tenant_id, e.id for no key update;   -- people decide on many at once, in this order
  for pair in select u.f, u.i from unnest(p_from, p_into) with ordinality as u (f, i, n) order by u.n loop
    gone := public.story_root(pair.f);
    stays := public.story_root(pair.i);
    continue when gone = stays or not exists (
      select from public.stories a, public.stories b where a.id = gone and b.id = stays and a.sample = b.sample);

    update public.items i set story_id = stays where i.story_id = gone;
    insert into public.story_publishers as mine (story_id, publisher, at)
    select stays, p.publisher, p.at from public.story_publishers p where p.story_id = gone
    on conflict (story_id, publisher) do update set at = least(mine.at, excluded.at);
    delete from public.story_publishers p where p.story_id = gone;
    update public.stories s
    set words = m.words, weights = m.weights, mass = s.mass + g.mass, items = s.items + g.items,
        faces = (s.faces || g.faces)[greatest(1, cardinality(s.faces) + cardinality(g.faces) - 5):],
        voices = (s.voices || g.voices)[greatest(1, cardinality(s.voices) + cardinality(g.voices) - 63):],
        publishers = r.publishers, last_new_publisher_at = coalesce(r.newest, s.last_new_publisher_at),
        last_item_at = greatest(s.last_item_at, g.last_item_at),
        follows = coalesce(nullif(s.follows, gone), nullif(g.follows, stays))
    from public.stories g, public.merged_terms(gone, stays) m,
      (select count(*) as publishers, max(p.at) as newest from public.story_publishers p where p.story_id = stays) r
    where g.id = gone and s.id = stays;
    update public.stories s set follows = stays where s.follows = gone;
    update public.stories s set merged_into = stays where s.id = gone or s.merged_into = gone;
    -- what would come before itself by way of others follows nothing
    update public.stories s set follows = null
    where s.id = stays and stays in (
      with recursive before as (
        select f.follows as id from public.stories f where f.id = stays and f.follows is not null
        union select f.follows from before b join public.stories f on f.id = b.id where f.follows is not null)
      select b.id from before b);

    with sides as (
      select s.tenant_id, s.desk, s.id, s.story_id, s.opened_at, s.urgent,
             10 * public.how_far(s.state, s.stage, s.gate, s.reason) + coalesce((
               select array_position(array['rejected', 'written', 'changes_requested', 'held', 'ready', 'approved'], d.state)
               from public.drafts d where d.tenant_id = s.tenant_id and d.screening_id = s.id and d.update_of is null), (
               select array_position(array['pending', 'hidden', 'approved'], e.state)
               from public.entries e where e.tenant_id = s.tenant_id and e.screening_id = s.id), 0) as far
      from public.screenings s where s.story_id in (gone, stays) and s.merged_into is null and not s.superseded
    ), two as (
      select a.tenant_id, a.id as one, b.id as other, a.urgent or b.urgent as urgent,
             (a.far, b.opened_at, b.id) > (b.far, a.opened_at, a.id) as one_stays
      from sides a join sides b on b.tenant_id = a.tenant_id and b.desk = a.desk and a.story_id = gone and b.story_id = stays
    ), ends as (
      select t.tenant_id, case when t.one_stays then t.one else t.other end as winner,
             case when t.one_stays then t.other else t.one end as loser, t.urgent
      from two t
    ), said as (
      insert into public.verdicts (id, tenant_id, desk, story_id, screening_id, gate, outcome, reason)
      select (left(public.uuid7_floor(public.cid_now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid,
             s.tenant_id, s.desk, s.story_id, s.id, public.stage_gate(s.stage), 'drop', 'merged'
      from ends e join public.screenings s on s.tenant_id = e.tenant_id and s.id = e.loser
      where s.state in ('open', 'waiting', 'failed')
    ), covered as (
      update public.entries x set state = 'hidden', merged_into = w.id, changed_at = public.cid_now()
      from ends e join public.entries w on w.tenant_id = e.tenant_id and w.screening_id = e.winner
      where x.tenant_id = e.tenant_id and x.screening_id = e.loser
      returning x.tenant_id
    ), closed as (
      update public.screenings s
      set merged_into = e.winner, changed_at = public.cid_now(), waiting_for = null, until = null, failure = '',
          state = case when s.state = 'passed' then s.state else 'dropped' end,
          gate = case when s.state in ('passed', 'dropped') then s.gate
                      else public.stage_gate(s.stage) end,
          reason = case when s.state in ('passed', 'dropped') then s.reason else 'merged' end
      from ends e where s.tenant_id = e.tenant_id and (s.id = e.loser or s.merged_into = e.loser and s.story_id in (gone, stays))
      returning s.tenant_id
    )
    update public.screenings s set urgent = true, changed_at = public.cid_now()
    from ends e where s.tenant_id = e.tenant_id and s.id = e.winner and e.urgent and not s.urgent and s.state in ('open', 'waiting');
    update public.screenings s set story_id = stays where s.story_id = gone;
    update public.drafts d set story_id = stays where d.story_id = gone;
    update public.entries x set story_id = stays where x.story_id = gone;
    -- whoever was led to one that is now led on itself
    update public.entries x set merged_into = w.merged_into from public.entries w
    where x.story_id = stays and w.tenant_id = x.tenant_id and w.id = x.merged_into and w.merged_into is not null;
    return next stays;
  end loop;
end $function$;
revoke all on function merge_stories(uuid[],uuid[]) from public;
grant execute on function merge_stories(uuid[],uuid[]) to cid_worker;

CREATE OR REPLACE FUNCTION public.merged_terms(one uuid, other uuid, OUT words text[], OUT weights double precision[])
 RETURNS record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(t.term order by t.weight desc, t.term collate "C"), '{}'),
         coalesce(array_agg(t.weight order by t.weight desc, t.term collate "C"), '{}')
  from (
    select u.term, sum(coalesce(u.weight, 1)) as weight
    from public.stories s cross join lateral unnest(s.words, s.weights) as u (term, weight)
    where s.id in (one, other) group by u.term order by 2 desc, u.term collate "C" limit 40
  ) t
$function$;
revoke all on function merged_terms(uuid,uuid) from public;

CREATE OR REPLACE FUNCTION public.move_due(p_limit integer)
 RETURNS TABLE(kind text, moved integer)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  due record;
begin
  perform set_config('synchronous_commit', 'off', true);
  begin
    return query
      with due as materialized (
        select j.id from jobs j where j.state = 'scheduled' and j.run_at <= cid_now()
        order by j.run_at limit p_limit for update skip locked),
      gone as (
        update jobs j set state = 'ready' where j.id = any (array(select d.id from due d)) returning j.kind)
      select g.kind, count(*)::int from gone g group by g.kind;
    return;
  exception when others then
    moved := 1;
  end;
  for due in
    select j.id, j.kind from jobs j where j.state = 'scheduled' and j.run_at <= cid_now()
    order by j.run_at limit p_limit for update skip locked
  loop
    begin
      update jobs j set state = 'ready' where j.id = due.id;
      kind := due.kind;
      return next;
    exception when others then
      update jobs j set run_at = cid_now() + interval '5 minutes', error = 'could not become ready: ' || sqlerrm
      where j.id = due.id;
    end;
  end loop;
end $function$;
revoke all on function move_due(integer) from public;
grant execute on function move_due(integer) to cid_worker;

CREATE OR REPLACE FUNCTION public.pause_tenant(p_tenant uuid, p_by uuid, p_reason text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  update public.tenants t set paused_at = public.cid_now(), paused_by = p_by, pause_reason = p_reason
  where t.id = p_tenant and t.paused_at is null and not t.reserved;
  if not found then return false; end if;
  insert into public.pauses (kind, tenant_id) values ('*', p_tenant) on conflict do nothing;
  return true;
end $function$;
revoke all on function pause_tenant(uuid,uuid,text) from public;
grant execute on function pause_tenant(uuid,uuid,text) to cid_worker;

CREATE OR REPLACE FUNCTION public.person_of(who uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select case when k.known then coalesce(nullif(u.name, ''), u.email)
              when exists (select from public.members m where m.tenant_id = public.app_tenant() and m.user_id = who) then u.email end
  from public.users u cross join lateral (select
    exists (select from public.members m where m.tenant_id = public.app_tenant() and m.user_id = who and m.seen_at is not null)
    or exists (select from public.decisions d where d.tenant_id = public.app_tenant() and d.user_id = who)
    or exists (select from public.versions v where v.tenant_id = public.app_tenant() and v.author_id = who)
    or exists (select from public.entry_decisions e where e.tenant_id = public.app_tenant() and e.user_id = who)
    or exists (select from public.trackers t where t.tenant_id = public.app_tenant() and t.rule_by = who)
    or exists (select from public.policies p where p.tenant_id = public.app_tenant() and p.changed_by = who)
    or exists (select from public.audit a where a.tenant_id = public.app_tenant() and a.user_id = who) as known) k
  where u.id = who
$function$;
revoke all on function person_of(uuid) from public;
grant execute on function person_of(uuid) to cid_app;

CREATE OR REPLACE FUNCTION public.pinned_prompts()
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select coalesce((select value from public.settings where key = 'prompts'), '{}')
$function$;
revoke all on function pinned_prompts() from public;
grant execute on function pinned_prompts() to cid_app;
grant execute on function pinned_prompts() to cid_worker;

CREATE OR REPLACE FUNCTION public.places_taken(p_channel uuid, p_since timestamp with time zone)
 RETURNS TABLE(at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  named text;
begin
  select c.domain into named from public.channels c where c.tenant_id = public.app_tenant() and c.id = p_channel;
  if coalesce(named, '') = '' then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('place ' || named, 0));
  -- failed or taken back before it was sent: its place is free again
  return query
    -- when it first went out: a correction is sent later and takes no place
    select least(p.sent_at, p.live_at) from public.channels c
      join public.publications p on p.tenant_id = c.tenant_id and p.channel_id = c.id
    where c.domain = named and p.sent_at >= p_since and least(p.sent_at, p.live_at) >= p_since and p.state not in ('planned', 'failed')
      and (p.state <> 'retracted' or p.live_at is not null);
end $function$;
revoke all on function places_taken(uuid,timestamp with time zone) from public;
grant execute on function places_taken(uuid,timestamp with time zone) to cid_app;

CREATE OR REPLACE FUNCTION public.put_back(p_ids bigint[], p_leases bigint[], p_run_at timestamp with time zone[], p_refund boolean, p_errors text[])
 RETURNS TABLE(id bigint, kind text, outcome text)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  begin
    return query select * from put_back_once(p_ids, p_leases, p_run_at, p_refund, p_errors);
  exception when unique_violation then
    for i in 1 .. cardinality(p_ids) loop
      begin
        return query select * from put_back_once(p_ids[i:i], p_leases[i:i], p_run_at[i:i], p_refund, p_errors[i:i]);
      exception when unique_violation then
        -- the twin is there now, and a second look sees it
        return query select * from put_back_once(p_ids[i:i], p_leases[i:i], p_run_at[i:i], p_refund, p_errors[i:i]);
      end;
    end loop;
  end;
end $function$;
revoke all on function put_back(bigint[],bigint[],timestamp with time zone[],boolean,text[]) from public;
grant execute on function put_back(bigint[],bigint[],timestamp with time zone[],boolean,text[]) to cid_worker;

CREATE OR REPLACE FUNCTION public.put_back_once(p_ids bigint[], p_leases bigint[], p_run_at timestamp with time zone[], p_refund boolean, p_errors text[])
 RETURNS TABLE(id bigint, kind text, outcome text)
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with locked as materialized (
    select j.id, j.tenant_id, j.kind, j.dedupe_key, j.cancel, g.run_at, g.error
    from unnest(p_ids, p_leases, p_run_at, p_errors) as g (id, lease, run_at, error)
    join jobs j on j.id = g.id and j.lease = g.lease
    for update of j
  ), given as materialized (
    select l.id, l.run_at, l.error,
      case when l.cancel then 'cancelled'
           when l.dedupe_key is not null and (exists (
             select from jobs w where w.tenant_id = l.tenant_id and w.kind = l.kind and w.dedupe_key = l.dedupe_key
               and w.state in ('scheduled', 'ready'))
             or row_number() over (partition by l.tenant_id, l.kind, l.dedupe_key order by l.cancel, l.id) > 1) then 'merged'
           when l.run_at is null then 'ready' else 'scheduled' end as outcome
    from locked l
  ), back as (
    update jobs j
    set state = g.outcome, run_at = coalesce(g.run_at, cid_now()), worker = null, lease = null, deadline = null, counted = false,
        attempt = greatest(j.attempt - p_refund::int, 0), error = coalesce(g.error, j.error)
    from given g where j.id = g.id and g.outcome in ('ready', 'scheduled')
    returning j.id, j.kind, g.outcome
  ), gone as (
    delete from jobs j using given g
    where j.id = g.id and g.outcome in ('cancelled', 'merged')
    returning j.*, g.outcome
  ), ended as (
    insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at)
    select g.id, g.tenant_id, g.kind, g.outcome, g.attempt, g.payload, g.created_at, g.run_at, g.started_at from gone g
    returning id, kind, outcome
  )
  select b.id, b.kind, b.outcome from back b union all select e.id, e.kind, e.outcome from ended e
$function$;
revoke all on function put_back_once(bigint[],bigint[],timestamp with time zone[],boolean,text[]) from public;
grant execute on function put_back_once(bigint[],bigint[],timestamp with time zone[],boolean,text[]) to cid_worker;

CREATE OR REPLACE FUNCTION public.rescue(p_silent interval, p_kinds text[], p_tries integer[], p_limit integer, p_deep boolean)
 RETURNS TABLE(id bigint, kind text, outcome text)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  suspects uuid[]; back bigint[]; leases bigint[]; whys text[]; over bigint[]; reasons text[];
begin
  suspects := case when p_deep then array(select distinct j.worker from jobs j where j.state = 'running')
                   else array(select w.id from workers w where w.beat_at <= cid_now() - p_silent) end;
  select array_agg(l.id) filter (where l.again), array_agg(l.lease) filter (where l.again), array_agg(l.why) filter (where l.again),
         array_agg(l.id) filter (where not l.again), array_agg(l.why) filter (where not l.again)
  into back, leases, whys, over, reasons
  from (
    select j.id, j.lease,
      j.attempt < coalesce((select t.tries from unnest(p_kinds, p_tries) t (kind, tries) where t.kind = j.kind), 5) as again,
      case when j.worker = any (array(select w.id from workers w where w.beat_at > cid_now() - p_silent))
           then 'its deadline passed and its process did not end it' else 'its process died' end
        || format(' (attempt %s)', j.attempt) as why
    from jobs j
    where j.state = 'running' and j.worker = any (suspects)
      and (j.worker <> all (array(select w.id from workers w where w.beat_at > cid_now() - p_silent))
           or j.deadline < cid_now() - interval '1 minute')
    order by j.id limit p_limit for update skip locked) l;
  if over is not null then
    return query
      with gone as (delete from jobs j where j.id = any (over) returning j.*)
      insert into jobs_dead as d (id, tenant_id, kind, key, priority, dedupe_key, attempt, payload, error, created_at)
      select g.id, g.tenant_id, g.kind, g.key, g.priority, g.dedupe_key, g.attempt, g.payload, o.why, g.created_at
      from gone g join unnest(over, reasons) as o (id, why) on o.id = g.id
      returning d.id, d.kind, 'dead';
  end if;
  if back is not null then
    return query select * from put_back(back, leases, array_fill(null::timestamptz, array[cardinality(back)]), false, whys);
  end if;
end $function$;
revoke all on function rescue(interval,text[],integer[],integer,boolean) from public;
grant execute on function rescue(interval,text[],integer[],integer,boolean) to cid_worker;

CREATE OR REPLACE FUNCTION public.reserve_call(p_tenant uuid, p_stage text, p_provider text, p_model text, p_most numeric, p_tokens integer, p_per_day numeric, p_per_month numeric, p_per_stage numeric, p_all_per_day numeric, p_near numeric, p_requests_per_minute double precision, p_tokens_per_minute double precision, p_probe interval)
 RETURNS TABLE(outcome text, scope text, until timestamp with time zone, why text, near text[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  clock timestamptz := public.cid_now();
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  whole public.model_terms; own public.model_terms; breaker public.breakers;
  row record; caps numeric[]; said text[] := '{}'; at timestamptz; share interval; held public.budgets;
begin
  if p_tenant is distinct from public.app_tenant() then
    raise exception 'calls are reserved by their own tenant' using errcode = 'insufficient_privilege';
  end if;
  -- Of a paused tenant nothing is asked, be it for nothing: jobs in hand when it was paused come here, and people on pages.
  if exists (select from public.pauses p where p.kind = '*' and p.tenant_id = p_tenant) then
    return query select 'stopped', '', clock + interval '1 minute', 'this newsroom is paused', said;
    return;
  end if;
  select * into whole from public.model_terms t where t.tenant_id = nobody;
  select * into own from public.model_terms t where t.tenant_id = p_tenant;
  if p_most > 0 and coalesce(whole.stopped, own.stopped) is not null then
    return query select 'stopped', '', clock + interval '1 minute', coalesce(whole.stopped, own.stopped), said;
    return;
  end if;

  select * into breaker from public.breakers b where b.model = p_provider || '/' || p_model for update;
  if breaker.open_until > clock then
    return query select 'broken', '', breaker.open_until, breaker.why, said;
    return;
  end if;

  if p_requests_per_minute is not null then
    at := public.limit_due('models ' || p_provider || ' requests', interval '1 minute' / p_requests_per_minute, interval '10 seconds');
  end if;
  if p_tokens_per_minute is not null then
    at := greatest(at, public.limit_due('models ' || p_provider || ' tokens', interval '1 minute' / p_tokens_per_minute * p_tokens,
      interval '1 minute'));
  end if;
  if at > clock then
    return query select 'limited', '', at, p_provider || ' takes no more this minute', said;
    return;
  end if;

  if p_most > 0 then
    caps := array[coalesce(whole.all_per_day, p_all_per_day), coalesce(own.per_month, whole.per_month, p_per_month),
                  coalesce(own.per_day, whole.per_day, p_per_day),
                  coalesce((own.per_stage ->> p_stage)::numeric, (whole.per_stage ->> p_stage)::numeric, p_per_stage)];
    for row in select * from public.budgets_of(p_tenant, p_stage, clock) f order by f.n loop
      insert into public.budgets (tenant_id, period, starts, scope) values (row.tenant_id, row.period, row.starts, row.scope)
      on conflict do nothing;
      select * into held from public.budgets b
      where b.tenant_id = row.tenant_id and b.period = row.period and b.starts = row.starts and b.scope = row.scope for update;
      if held.spent + held.reserved + p_most > caps[row.n] then
        return query select 'over', case when row.n = 1 then 'all' when row.n = 4 then p_stage else row.period end,
          (row.starts + case when row.period = 'month' then interval '1 month' else interval '1 day' end) at time zone 'UTC',
          trim_scale(caps[row.n])::text, said;
        return;
      end if;
    end loop;
    -- Once more, now that nobody else's locks are waited for: who stopped models meanwhile sees no call begin after that.
    select coalesce(max(t.stopped) filter (where t.tenant_id = nobody), max(t.stopped)) into why from public.model_terms t
    where t.tenant_id in (nobody, p_tenant) and t.stopped is not null;
    if why is not null then
      return query select 'stopped', '', clock + interval '1 minute', why, said;
      return;
    end if;
    for row in select * from public.budgets_of(p_tenant, p_stage, clock) f order by f.n loop
      update public.budgets b set reserved = b.reserved + p_most
      where b.tenant_id = row.tenant_id and b.period = row.period and b.starts = row.starts and b.scope = row.scope
      returning b.* into held;
      if held.warned_at is null and held.spent + held.reserved >= caps[row.n] * p_near then
        update public.budgets b set warned_at = clock
        where b.tenant_id = row.tenant_id and b.period = row.period and b.starts = row.starts and b.scope = row.scope;
        said := said || case when row.n = 1 then 'all' when row.n = 4 then p_stage else row.period end;
      end if;
    end loop;
  end if;
  if p_requests_per_minute is not null then
    update public.limits l set tat = greatest(l.tat, clock) + interval '1 minute' / p_requests_per_minute
    where l.key = 'models ' || p_provider || ' requests';
  end if;
  if p_tokens_per_minute is not null then
    update public.limits l set tat = greatest(l.tat, clock) + interval '1 minute' / p_tokens_per_minute * p_tokens
    where l.key = 'models ' || p_provider || ' tokens';
  end if;
  if breaker.failures >= 3 then -- open until now: this call is the one that tries
    update public.breakers b set open_until = clock + p_probe where b.model = breaker.model;
  end if;
  return query select 'granted', '', clock, '', said;
end $function$;
revoke all on function reserve_call(uuid,text,text,text,numeric,integer,numeric,numeric,numeric,numeric,numeric,double precision,double precision,interval) from public;
grant execute on function reserve_call(uuid,text,text,text,numeric,integer,numeric,numeric,numeric,numeric,numeric,double precision,double precision,interval) to cid_app;

CREATE OR REPLACE FUNCTION public.resume_tenant(p_tenant uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  update public.tenants t set paused_at = null, paused_by = null, pause_reason = '' where t.id = p_tenant and t.paused_at is not null;
  if not found then return false; end if;
  delete from public.pauses p where p.kind = '*' and p.tenant_id = p_tenant;
  perform inspect.go_on(p_tenant);   -- what was in hand when it was paused and was refused its question
  return true;
end $function$;
revoke all on function resume_tenant(uuid) from public;
grant execute on function resume_tenant(uuid) to cid_worker;

CREATE OR REPLACE FUNCTION public.role_of(who uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select m.role from public.members m join public.users u on u.id = m.user_id
  where m.tenant_id = public.app_tenant() and m.user_id = who and u.disabled_at is null
$function$;
revoke all on function role_of(uuid) from public;
grant execute on function role_of(uuid) to cid_app;

CREATE OR REPLACE FUNCTION public.session_of(hash bytea)
 RETURNS TABLE(user_id uuid, email text, name text, admin boolean, zone text, csrf text, stale boolean, renew boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select u.id, u.email, u.name, u.admin, u.zone, s.csrf, s.seen_at < public.cid_now() - interval '1 minute', s.renew
  from public.sessions s join public.users u on u.id = s.user_id
  where s.id_hash = hash and s.expires_at > public.cid_now() and s.seen_at > public.cid_now() - interval '12 hours' and u.disabled_at is null
$function$;
revoke all on function session_of(bytea) from public;
grant execute on function session_of(bytea) to cid_app;
grant execute on function session_of(bytea) to cid_worker;

CREATE OR REPLACE FUNCTION public.settle_call(p_tenant uuid, p_call uuid, p_state text, p_cost numeric, p_error text, p_reply jsonb, p_tokens integer, p_tokens_per_minute double precision, p_breaker text, p_wait interval)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  if p_tenant is distinct from public.app_tenant() then
    raise exception 'calls are settled by their own tenant' using errcode = 'insufficient_privilege';
  end if;
  return public.finish_call(p_tenant, p_call, p_state, p_cost, p_error, p_reply, p_tokens, p_tokens_per_minute, p_breaker, p_wait);
end $function$;
revoke all on function settle_call(uuid,uuid,text,numeric,text,jsonb,integer,double precision,text,interval) from public;
grant execute on function settle_call(uuid,uuid,text,numeric,text,jsonb,integer,double precision,text,interval) to cid_app;

CREATE OR REPLACE FUNCTION public.stage_gate(p_stage text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case p_stage when 'relate' then 'relevance' when 'assess' then 'signal' when 'gather' then 'evidence' else p_stage end
$function$;

CREATE OR REPLACE FUNCTION public.story_kin(p_story uuid)
 RETURNS TABLE(story_id uuid, earlier boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  with root as materialized (select public.story_root(p_story) as id)
  select s.follows, true from public.stories s where s.id = (select id from root) and s.follows is not null
  union all
  (select s.id, false from public.stories s where s.follows = (select id from root) and s.merged_into is null order by s.id limit 50)
$function$;
revoke all on function story_kin(uuid) from public;
grant execute on function story_kin(uuid) to cid_app;
grant execute on function story_kin(uuid) to cid_worker;

CREATE OR REPLACE FUNCTION public.story_root(p_story uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  select coalesce((select s.merged_into from public.stories s where s.id = p_story), p_story)
$function$;
revoke all on function story_root(uuid) from public;
grant execute on function story_root(uuid) to cid_app;
grant execute on function story_root(uuid) to cid_worker;

CREATE OR REPLACE FUNCTION public.sweep_calls(p_most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  late record; swept integer := 0;
begin
  -- The platform's rows of all their days before any tenant's: who reserves or settles takes them in this order, and calls of two
  -- days would else hold a tenant's month while they wait for the platform's next day.
  perform from public.budgets b
  where b.tenant_id = '00000000-0000-0000-0000-000000000000' and b.starts in (
    select (c.sent_at at time zone 'UTC')::date from public.calls c where c.state = 'sent' and c.deadline < public.cid_now())
  order by b.starts for update;
  for late in
    select c.id, c.tenant_id from public.calls c where c.state = 'sent' and c.deadline < public.cid_now()
    order by c.tenant_id, c.id limit p_most for update skip locked
  loop
    swept := swept + public.finish_call(late.tenant_id, late.id, 'ambiguous', null, 'no answer was stored in time', null, 0, null,
      'none', null)::integer;
  end loop;
  return swept;
end $function$;
revoke all on function sweep_calls(integer) from public;
grant execute on function sweep_calls(integer) to cid_worker;

CREATE OR REPLACE FUNCTION public.title_query(words text)
 RETURNS tsquery
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN websearch_to_tsquery('simple'::regconfig, translate(words, '“”„«»’‘‚‹›–—…·•'::text, '"""""          '::text));

CREATE OR REPLACE FUNCTION public.title_words(title text)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN to_tsvector('simple'::regconfig, translate(title, '’‘‚“”„«»‹›–—…·•'::text, '               '::text));

CREATE OR REPLACE FUNCTION public.uuid7_floor(at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$function$;

create table api_answers (
  tenant_id uuid not null,
  token_id uuid not null,
  key text not null,
  request bytea not null,
  status smallint,
  body text,
  made_at timestamp with time zone default cid_now() not null,
  constraint api_answers_pkey PRIMARY KEY (tenant_id, token_id, key),
  constraint api_answers_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255))),
  constraint api_answers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint api_answers_tenant_id_token_id_fkey FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens(tenant_id, id)
);
CREATE INDEX api_answers_made ON public.api_answers USING btree (made_at);
alter table api_answers enable row level security;
alter table api_answers force row level security;
create policy owner on api_answers for all to current_user using (true) with check (true);
create policy tenant on api_answers for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on api_answers for all to cid_worker using (true) with check (true);
grant delete, insert, select, update (status, body, made_at) on api_answers to cid_app;
grant delete, select on api_answers to cid_worker;

create table api_tokens (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  name text not null,
  hash bytea not null,
  scopes text[] not null,
  created_at timestamp with time zone default cid_now() not null,
  expires_at timestamp with time zone,
  used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_tokens_pkey PRIMARY KEY (tenant_id, id),
  constraint api_tokens_hash_key UNIQUE (hash),
  constraint api_tokens_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint api_tokens_scopes_check CHECK ((cardinality(scopes) > 0)),
  constraint api_tokens_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX api_tokens_user ON public.api_tokens USING btree (user_id);
alter table api_tokens enable row level security;
alter table api_tokens force row level security;
create policy owner on api_tokens for all to current_user using (true) with check (true);
create policy tenant on api_tokens for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on api_tokens for all to cid_worker using (true) with check (true);
grant insert, select, update (used_at, revoked_at) on api_tokens to cid_app;
grant delete, select, update (used_at, revoked_at) on api_tokens to cid_worker;

create table audit (
  id uuid not null,
  tenant_id uuid,
  user_id uuid,
  action text not null,
  target text default ''::text not null,
  detail jsonb default '{}'::jsonb not null,
  at timestamp with time zone default cid_now() not null,
  constraint audit_pkey PRIMARY KEY (id)
) partition by RANGE (id);
CREATE INDEX audit_action ON ONLY public.audit USING btree (tenant_id, action, id DESC);
CREATE INDEX audit_person ON ONLY public.audit USING btree (tenant_id, user_id, id DESC);
CREATE INDEX audit_platform ON ONLY public.audit USING btree (id DESC) WHERE (tenant_id IS NULL);
CREATE INDEX audit_target ON ONLY public.audit USING btree (tenant_id, target, id DESC);
CREATE INDEX audit_tenant ON ONLY public.audit USING btree (tenant_id, id DESC);
alter table audit enable row level security;
alter table audit force row level security;
create policy owner on audit for all to current_user using (true) with check (true);
create policy tenant on audit for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on audit for all to cid_worker using (true) with check (true);
grant insert, select on audit to cid_app;
grant insert, select on audit to cid_worker;

create table batches (
  id uuid not null,
  tenant_id uuid not null,
  provider text not null,
  model text not null,
  state text default 'planned'::text not null,
  external_id text default ''::text not null,
  requests integer default 0 not null,
  bytes bigint default 0 not null,
  attempts integer default 0 not null,
  planned_at timestamp with time zone not null,
  due_at timestamp with time zone not null,
  submitted_at timestamp with time zone,
  ended_at timestamp with time zone,
  error text default ''::text not null,
  constraint batches_pkey PRIMARY KEY (id),
  constraint batches_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'submitting'::text, 'unknown'::text, 'submitted'::text, 'ended'::text, 'read'::text, 'failed'::text]))),
  constraint batches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX batches_due ON public.batches USING btree (due_at) WHERE (state <> ALL (ARRAY['read'::text, 'failed'::text]));
CREATE INDEX batches_known ON public.batches USING btree (provider, submitted_at) WHERE (external_id <> ''::text);
CREATE INDEX batches_open ON public.batches USING btree (tenant_id, provider, model) WHERE (state = 'planned'::text);
alter table batches enable row level security;
alter table batches force row level security;
create policy owner on batches for all to current_user using (true) with check (true);
create policy tenant on batches for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on batches for all to cid_worker using (true) with check (true);
grant insert, select, update (state, external_id, requests, bytes, attempts, due_at, submitted_at, ended_at, error) on batches to cid_app;
grant select on batches to cid_worker;

create table breakers (
  model text not null,
  failures integer default 0 not null,
  open_until timestamp with time zone,
  why text default ''::text not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint breakers_pkey PRIMARY KEY (model)
);
grant select on breakers to cid_app;
grant insert, select, update on breakers to cid_worker;

create table briefings (
  tenant_id uuid not null,
  run_id uuid not null,
  briefing jsonb,
  raw text default ''::text not null,
  problems text[] default '{}'::text[] not null,
  schema_version text not null,
  provider text not null,
  prompt_version text not null,
  prompt_hash bytea not null,
  input_hash bytea not null,
  call_id uuid,
  made_at timestamp with time zone default cid_now() not null,
  constraint briefings_pkey PRIMARY KEY (tenant_id, run_id),
  constraint briefings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint briefings_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id)
);
alter table briefings enable row level security;
alter table briefings force row level security;
create policy owner on briefings for all to current_user using (true) with check (true);
create policy tenant on briefings for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on briefings to cid_app;

create table budgets (
  tenant_id uuid not null,
  period text not null,
  starts date not null,
  scope text default ''::text not null,
  reserved numeric(18,12) default 0 not null,
  spent numeric(18,12) default 0 not null,
  warned_at timestamp with time zone,
  constraint budgets_pkey PRIMARY KEY (tenant_id, starts, period, scope),
  constraint budgets_period_check CHECK ((period = ANY (ARRAY['day'::text, 'month'::text]))),
  constraint budgets_reserved_check CHECK ((reserved >= (0)::numeric)),
  constraint budgets_spent_check CHECK ((spent >= (0)::numeric))
) with (fillfactor=50);
alter table budgets enable row level security;
alter table budgets force row level security;
create policy owner on budgets for all to current_user using (true) with check (true);
create policy tenant on budgets for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on budgets for all to cid_worker using (true) with check (true);
grant select on budgets to cid_app;
grant select on budgets to cid_worker;

create table calendar_feeds (
  tenant_id uuid not null,
  user_id uuid not null,
  hash bytea not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint calendar_feeds_pkey PRIMARY KEY (tenant_id, user_id),
  constraint calendar_feeds_hash_key UNIQUE (hash),
  constraint calendar_feeds_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint calendar_feeds_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES members(tenant_id, user_id) ON DELETE CASCADE,
  constraint calendar_feeds_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX calendar_feeds_user ON public.calendar_feeds USING btree (user_id);
alter table calendar_feeds enable row level security;
alter table calendar_feeds force row level security;
create policy owner on calendar_feeds for all to current_user using (true) with check (true);
create policy tenant on calendar_feeds for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on calendar_feeds for all to cid_worker using (true) with check (true);
grant delete, insert, select, update (hash, made_at) on calendar_feeds to cid_app;
grant delete, select on calendar_feeds to cid_worker;

create table call_subjects (
  tenant_id uuid not null,
  stage text not null,
  subject text not null,
  input_hash bytea not null,
  call_id uuid not null,
  provider text not null,
  answer jsonb not null,
  at timestamp with time zone default cid_now() not null,
  constraint call_subjects_pkey PRIMARY KEY (tenant_id, stage, subject, input_hash),
  constraint call_subjects_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX call_subjects_call ON public.call_subjects USING btree (tenant_id, call_id);
alter table call_subjects enable row level security;
alter table call_subjects force row level security;
create policy owner on call_subjects for all to current_user using (true) with check (true);
create policy tenant on call_subjects for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on call_subjects to cid_app;

create table calls (
  id uuid not null,
  tenant_id uuid not null,
  stage text not null,
  tier text not null,
  provider text not null,
  model text not null,
  prompt text not null,
  prompt_version text not null,
  prompt_hash bytea not null,
  input_hash bytea not null,
  attempt integer default 1 not null,
  repaired_from uuid,
  instead_of text default ''::text not null,
  request jsonb default '{}'::jsonb not null,
  state text default 'sent'::text not null,
  stop text default ''::text not null,
  served text default ''::text not null,
  request_id text default ''::text not null,
  input integer default 0 not null,
  cache_read integer default 0 not null,
  cache_write integer default 0 not null,
  cache_write_1h integer default 0 not null,
  output integer default 0 not null,
  thinking integer default 0 not null,
  units jsonb default '{}'::jsonb not null,
  reserved numeric(18,12) not null,
  tokens integer default 0 not null,
  cost numeric(18,12),
  price_from date,
  error text default ''::text not null,
  reply text,
  reading text default ''::text not null,
  subjects jsonb default '[]'::jsonb not null,
  batch_id uuid,
  wire jsonb,
  sent_at timestamp with time zone default cid_now() not null,
  deadline timestamp with time zone default (cid_now() + '00:05:00'::interval) not null,
  answered_at timestamp with time zone,
  read_at timestamp with time zone,
  constraint calls_pkey PRIMARY KEY (id),
  constraint calls_state_check CHECK ((state = ANY (ARRAY['sent'::text, 'answered'::text, 'failed'::text, 'ambiguous'::text]))),
  constraint calls_tier_check CHECK ((tier = ANY (ARRAY['cheap'::text, 'quality'::text, ''::text])))
) partition by RANGE (id);
CREATE INDEX calls_batch ON ONLY public.calls USING btree (tenant_id, batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX calls_batched ON ONLY public.calls USING btree (tenant_id, stage, sent_at) WHERE (batch_id IS NOT NULL);
CREATE INDEX calls_kinds ON ONLY public.calls USING btree (tenant_id, stage, provider, model, state, sent_at DESC, id DESC);
CREATE INDEX calls_open ON ONLY public.calls USING btree (deadline) WHERE (state = 'sent'::text);
CREATE INDEX calls_reads ON ONLY public.calls USING btree (tenant_id, input_hash) WHERE (stage = ANY (ARRAY['poll'::text, 'search'::text]));
CREATE INDEX calls_recent ON ONLY public.calls USING btree (tenant_id, sent_at DESC) INCLUDE (stage, provider, model, state, reserved, cost);
CREATE INDEX calls_subjects ON ONLY public.calls USING gin (jsonb_path_query_array(subjects, '$[*][1]'::jsonpath));
CREATE INDEX calls_troubled ON ONLY public.calls USING btree (tenant_id, sent_at DESC) WHERE (state = ANY (ARRAY['failed'::text, 'ambiguous'::text]));
CREATE INDEX calls_unread ON ONLY public.calls USING btree (tenant_id, stage) WHERE ((state = 'answered'::text) AND (read_at IS NULL));
alter table calls enable row level security;
alter table calls force row level security;
create policy owner on calls for all to current_user using (true) with check (true);
create policy tenant on calls for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on calls for all to cid_worker using (true) with check (true);
grant insert, select, update (reading, read_at) on calls to cid_app;
grant select on calls to cid_worker;

create table channels (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null,
  name text not null,
  base_url text not null,
  config jsonb default '{}'::jsonb not null,
  sealed text default ''::text not null,
  sealed_at timestamp with time zone,
  sealed_end text default ''::text not null,
  domain text default ''::text not null,
  per_week smallint default 3 not null,
  own_per_week numeric(5,1),
  apart interval default '04:00:00'::interval not null,
  checked_at timestamp with time zone,
  checked jsonb default '{}'::jsonb not null,
  canonical boolean default false not null,
  active boolean default true not null,
  disclosure text default ''::text not null,
  created_at timestamp with time zone default cid_now() not null,
  constraint channels_pkey PRIMARY KEY (tenant_id, id),
  constraint channels_tenant_id_name_key UNIQUE (tenant_id, name),
  constraint channels_apart_check CHECK (((apart >= '00:00:00'::interval) AND (apart <= '7 days'::interval))),
  constraint channels_disclosure_check CHECK ((disclosure = ANY (ARRAY[''::text, 'disclose'::text, 'editorial-responsibility'::text]))),
  constraint channels_kind_check CHECK ((kind = ANY (ARRAY['site'::text, 'wordpress'::text, 'devto'::text, 'ghost'::text]))),
  constraint channels_own_per_week_check CHECK (((own_per_week >= (0)::numeric) AND (own_per_week <= (200)::numeric))),
  constraint channels_per_week_check CHECK (((per_week >= 1) AND (per_week <= 50))),
  constraint channels_sealed_end_check CHECK ((length(sealed_end) <= 4)),
  constraint channels_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX channels_domain ON public.channels USING btree (domain);
CREATE UNIQUE INDEX channels_one_canonical ON public.channels USING btree (tenant_id) WHERE (canonical AND active);
alter table channels enable row level security;
alter table channels force row level security;
create policy owner on channels for all to current_user using (true) with check (true);
create policy tenant on channels for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on channels for all to cid_worker using (true) with check (true);
grant insert, select, update (name, base_url, config, sealed, sealed_at, sealed_end, domain, per_week, own_per_week, apart, checked_at, checked, canonical, active, disclosure) on channels to cid_app;
grant insert, select, update, update (sealed) on channels to cid_worker;

create table competition (
  tenant_id uuid not null,
  screening_id uuid not null,
  followed integer not null,
  taken jsonb default '[]'::jsonb not null,
  avoid jsonb default '[]'::jsonb not null,
  gaps jsonb default '[]'::jsonb not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint competition_pkey PRIMARY KEY (tenant_id, screening_id),
  constraint competition_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint competition_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id)
);
alter table competition enable row level security;
alter table competition force row level security;
create policy owner on competition for all to current_user using (true) with check (true);
create policy tenant on competition for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select, update on competition to cid_app;

create table contests (
  id uuid not null,
  item_id uuid not null,
  story_id uuid not null,
  likeness real not null,
  state text default 'open'::text not null,
  why text default ''::text not null,
  call_id uuid,
  opened_at timestamp with time zone default cid_now() not null,
  judged_at timestamp with time zone,
  constraint contests_pkey PRIMARY KEY (id),
  constraint contests_item_id_story_id_key UNIQUE (item_id, story_id),
  constraint contests_check CHECK (((state = 'open'::text) = (judged_at IS NULL))),
  constraint contests_check1 CHECK (((state = 'unjudged'::text) = (why <> ''::text))),
  constraint contests_state_check CHECK ((state = ANY (ARRAY['open'::text, 'same'::text, 'different'::text, 'unjudged'::text]))),
  constraint contests_item_id_fkey FOREIGN KEY (item_id) REFERENCES items(id) ON DELETE CASCADE,
  constraint contests_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id) ON DELETE CASCADE
);
CREATE INDEX contests_judged ON public.contests USING btree (judged_at) WHERE (judged_at IS NOT NULL);
CREATE INDEX contests_story ON public.contests USING btree (story_id);
grant delete, insert, select, update on contests to cid_worker;

create table decisions (
  tenant_id uuid not null,
  id uuid not null,
  draft_id uuid not null,
  version_id uuid not null,
  sha256 bytea not null,
  kind text not null,
  user_id uuid not null,
  reason text default ''::text not null,
  via text not null,
  record jsonb default '{}'::jsonb not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint decisions_pkey PRIMARY KEY (tenant_id, id),
  constraint decisions_tenant_id_id_draft_id_version_id_sha256_kind_key UNIQUE (tenant_id, id, draft_id, version_id, sha256, kind),
  constraint decisions_check CHECK (((kind = 'approve'::text) OR (kind = 'undo'::text) OR (reason <> ''::text))),
  constraint decisions_kind_check CHECK ((kind = ANY (ARRAY['approve'::text, 'reject'::text, 'request_changes'::text, 'undo'::text]))),
  constraint decisions_via_check CHECK ((via = ANY (ARRAY['page'::text, 'link'::text, 'cli'::text, 'api'::text]))),
  constraint decisions_tenant_id_draft_id_version_id_sha256_fkey FOREIGN KEY (tenant_id, draft_id, version_id, sha256) REFERENCES versions(tenant_id, draft_id, id, sha256),
  constraint decisions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint decisions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX decisions_draft ON public.decisions USING btree (tenant_id, draft_id, made_at);
alter table decisions enable row level security;
alter table decisions force row level security;
create policy owner on decisions for all to current_user using (true) with check (true);
create policy tenant on decisions for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on decisions to cid_app;

create table digest_days (
  tenant_id uuid not null,
  user_id uuid not null,
  day date not null,
  outcome text not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint digest_days_pkey PRIMARY KEY (tenant_id, user_id, day),
  constraint digest_days_outcome_check CHECK ((outcome = ANY (ARRAY['mailed'::text, 'empty'::text, 'off'::text, 'missed'::text, 'marked'::text]))),
  constraint digest_days_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint digest_days_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX digest_days_made ON public.digest_days USING btree (made_at);
CREATE INDEX digest_days_user ON public.digest_days USING btree (user_id);
alter table digest_days enable row level security;
alter table digest_days force row level security;
create policy owner on digest_days for all to current_user using (true) with check (true);
create policy tenant on digest_days for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on digest_days for all to cid_worker using (true) with check (true);
grant insert, select on digest_days to cid_app;
grant delete, select on digest_days to cid_worker;

create table drafts (
  tenant_id uuid not null,
  id uuid not null,
  screening_id uuid not null,
  story_id uuid not null,
  ordinal integer default 1 not null,
  update_of uuid,
  state text default 'written'::text not null,
  current_version_id uuid not null,
  sample boolean default false not null,
  found_at timestamp with time zone not null,
  created_at timestamp with time zone default cid_now() not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint drafts_pkey PRIMARY KEY (tenant_id, id),
  constraint drafts_tenant_id_screening_id_ordinal_key UNIQUE (tenant_id, screening_id, ordinal),
  constraint drafts_check CHECK (((ordinal = 1) = (update_of IS NULL))),
  constraint drafts_ordinal_check CHECK ((ordinal > 0)),
  constraint drafts_state_check CHECK ((state = ANY (ARRAY['written'::text, 'ready'::text, 'held'::text, 'approved'::text, 'changes_requested'::text, 'rejected'::text]))),
  constraint drafts_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id),
  constraint drafts_tenant_id_current_version_id_fkey FOREIGN KEY (tenant_id, current_version_id) REFERENCES versions(tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
  constraint drafts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint drafts_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id),
  constraint drafts_tenant_id_update_of_fkey FOREIGN KEY (tenant_id, update_of) REFERENCES drafts(tenant_id, id)
);
CREATE INDEX drafts_listed ON public.drafts USING btree (tenant_id, state, changed_at DESC, id DESC);
CREATE INDEX drafts_recent ON public.drafts USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX drafts_story ON public.drafts USING btree (story_id);
CREATE INDEX drafts_updates ON public.drafts USING btree (tenant_id, update_of) WHERE (update_of IS NOT NULL);
CREATE INDEX drafts_version ON public.drafts USING btree (tenant_id, current_version_id);
alter table drafts enable row level security;
alter table drafts force row level security;
create policy owner on drafts for all to current_user using (true) with check (true);
create policy tenant on drafts for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on drafts for all to cid_worker using (true) with check (true);
grant insert, select, update (state, current_version_id, changed_at) on drafts to cid_app;
grant select on drafts to cid_worker;

create table entries (
  tenant_id uuid not null,
  id uuid not null,
  screening_id uuid not null,
  story_id uuid not null,
  item_id uuid not null,
  state text default 'pending'::text not null,
  category text not null,
  regions text[] not null,
  title text not null,
  summary text not null,
  url text not null,
  score smallint not null,
  published_at timestamp with time zone,
  sample boolean default false not null,
  provider text not null,
  call_id uuid,
  merged_into uuid,
  made_at timestamp with time zone default cid_now() not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint entries_pkey PRIMARY KEY (tenant_id, id),
  constraint entries_tenant_id_screening_id_key UNIQUE (tenant_id, screening_id),
  constraint entries_check CHECK (((merged_into IS NULL) OR (state = 'hidden'::text))),
  constraint entries_regions_check CHECK ((cardinality(regions) > 0)),
  constraint entries_score_check CHECK (((score >= 0) AND (score <= 100))),
  constraint entries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'hidden'::text]))),
  constraint entries_item_id_fkey FOREIGN KEY (item_id) REFERENCES items(id),
  constraint entries_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id),
  constraint entries_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint entries_tenant_id_merged_into_fkey FOREIGN KEY (tenant_id, merged_into) REFERENCES entries(tenant_id, id),
  constraint entries_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id)
);
CREATE INDEX entries_item ON public.entries USING btree (item_id);
CREATE INDEX entries_state ON public.entries USING btree (tenant_id, state, made_at DESC, id DESC);
CREATE INDEX entries_story ON public.entries USING btree (story_id);
alter table entries enable row level security;
alter table entries force row level security;
create policy owner on entries for all to current_user using (true) with check (true);
create policy tenant on entries for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on entries for all to cid_worker using (true) with check (true);
grant insert, select, update (state, category, regions, summary, changed_at) on entries to cid_app;
grant select on entries to cid_worker;

create table entry_decisions (
  tenant_id uuid not null,
  id uuid not null,
  entry_id uuid not null,
  kind text not null,
  user_id uuid not null,
  via text not null,
  rule jsonb,
  reason text default ''::text not null,
  before jsonb,
  after jsonb,
  made_at timestamp with time zone default cid_now() not null,
  constraint entry_decisions_pkey PRIMARY KEY (tenant_id, id),
  constraint entry_decisions_check CHECK (((via = 'rule'::text) = (rule IS NOT NULL))),
  constraint entry_decisions_check1 CHECK (((kind = 'edit'::text) = ((before IS NOT NULL) AND (after IS NOT NULL)))),
  constraint entry_decisions_kind_check CHECK ((kind = ANY (ARRAY['approve'::text, 'hide'::text, 'edit'::text]))),
  constraint entry_decisions_via_check CHECK ((via = ANY (ARRAY['page'::text, 'cli'::text, 'api'::text, 'rule'::text]))),
  constraint entry_decisions_tenant_id_entry_id_fkey FOREIGN KEY (tenant_id, entry_id) REFERENCES entries(tenant_id, id),
  constraint entry_decisions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint entry_decisions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX entry_decisions_entry ON public.entry_decisions USING btree (tenant_id, entry_id, id);
CREATE INDEX entry_decisions_user ON public.entry_decisions USING btree (user_id);
alter table entry_decisions enable row level security;
alter table entry_decisions force row level security;
create policy owner on entry_decisions for all to current_user using (true) with check (true);
create policy tenant on entry_decisions for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on entry_decisions to cid_app;

create table evidence_packs (
  tenant_id uuid not null,
  id uuid not null,
  screening_id uuid not null,
  claims jsonb not null,
  avoid jsonb default '[]'::jsonb not null,
  refs jsonb default '[]'::jsonb not null,
  state text default 'reports'::text not null,
  notes jsonb default '[]'::jsonb not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint evidence_packs_pkey PRIMARY KEY (tenant_id, id),
  constraint evidence_packs_state_check CHECK ((state = ANY (ARRAY['searched'::text, 'partly'::text, 'reports'::text, 'none'::text]))),
  constraint evidence_packs_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint evidence_packs_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id)
);
CREATE INDEX evidence_packs_screening ON public.evidence_packs USING btree (tenant_id, screening_id);
alter table evidence_packs enable row level security;
alter table evidence_packs force row level security;
create policy owner on evidence_packs for all to current_user using (true) with check (true);
create policy tenant on evidence_packs for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on evidence_packs to cid_app;

create table evidence_pages (
  tenant_id uuid not null,
  sha256 bytea not null,
  pack_id uuid not null,
  constraint evidence_pages_pkey PRIMARY KEY (tenant_id, sha256, pack_id),
  constraint evidence_pages_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint evidence_pages_tenant_id_pack_id_fkey FOREIGN KEY (tenant_id, pack_id) REFERENCES evidence_packs(tenant_id, id)
);
alter table evidence_pages enable row level security;
alter table evidence_pages force row level security;
create policy owner on evidence_pages for all to current_user using (true) with check (true);
create policy tenant on evidence_pages for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on evidence_pages to cid_app;

create table fits (
  tenant_id uuid not null,
  screening_id uuid not null,
  audience_relevance numeric(4,3) not null,
  business_relevance numeric(4,3) not null,
  actionability numeric(4,3) not null,
  risk_level text not null,
  recommended_angle text,
  claims_to_use text[] default '{}'::text[] not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint fits_pkey PRIMARY KEY (tenant_id, screening_id),
  constraint fits_actionability_check CHECK (((actionability >= (0)::numeric) AND (actionability <= (1)::numeric))),
  constraint fits_audience_relevance_check CHECK (((audience_relevance >= (0)::numeric) AND (audience_relevance <= (1)::numeric))),
  constraint fits_business_relevance_check CHECK (((business_relevance >= (0)::numeric) AND (business_relevance <= (1)::numeric))),
  constraint fits_risk_level_check CHECK ((risk_level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text]))),
  constraint fits_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint fits_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id)
);
alter table fits enable row level security;
alter table fits force row level security;
create policy owner on fits for all to current_user using (true) with check (true);
create policy tenant on fits for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select, update on fits to cid_app;

create table gate_configs (
  tenant_id uuid not null,
  hash bytea not null,
  gate text not null,
  body jsonb not null,
  first_at timestamp with time zone default cid_now() not null,
  constraint gate_configs_pkey PRIMARY KEY (tenant_id, hash),
  constraint gate_configs_hash_check CHECK ((length(hash) = 8)),
  constraint gate_configs_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
alter table gate_configs enable row level security;
alter table gate_configs force row level security;
create policy owner on gate_configs for all to current_user using (true) with check (true);
create policy tenant on gate_configs for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on gate_configs to cid_app;

create table guardrails (
  id uuid not null,
  tenant_id uuid,
  industry text default ''::text not null,
  text text not null,
  category text default ''::text not null,
  finding text default ''::text not null,
  draft_id uuid,
  active boolean default true not null,
  made_by uuid,
  made_at timestamp with time zone default cid_now() not null,
  changed_by uuid,
  changed_at timestamp with time zone default cid_now() not null,
  constraint guardrails_pkey PRIMARY KEY (id),
  constraint guardrails_check CHECK (((tenant_id IS NOT NULL) OR (draft_id IS NULL))),
  constraint guardrails_industry_check CHECK ((length(industry) <= 100)),
  constraint guardrails_text_check CHECK (((length(text) >= 10) AND (length(text) <= 400))),
  constraint guardrails_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id),
  constraint guardrails_made_by_fkey FOREIGN KEY (made_by) REFERENCES users(id),
  constraint guardrails_tenant_id_draft_id_fkey FOREIGN KEY (tenant_id, draft_id) REFERENCES drafts(tenant_id, id),
  constraint guardrails_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX guardrails_draft ON public.guardrails USING btree (tenant_id, draft_id) WHERE (draft_id IS NOT NULL);
CREATE UNIQUE INDEX guardrails_once ON public.guardrails USING btree (COALESCE(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid), industry, text) WHERE active;
CREATE INDEX guardrails_tenant ON public.guardrails USING btree (tenant_id, active, made_at);
alter table guardrails enable row level security;
alter table guardrails force row level security;
create policy adds on guardrails for insert to cid_app with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy changes on guardrails for update to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy owner on guardrails for all to current_user using (true) with check (true);
create policy tenant on guardrails for select to cid_app using (((tenant_id IS NULL) OR (tenant_id = ( SELECT app_tenant() AS app_tenant))));
create policy worker on guardrails for all to cid_worker using ((tenant_id IS NULL)) with check ((tenant_id IS NULL));
grant insert, select, update (active, changed_by, changed_at) on guardrails to cid_app;
grant insert, select, update (active, changed_by, changed_at) on guardrails to cid_worker;

create table high_water (
  kind text not null,
  mark integer not null,
  constraint high_water_pkey PRIMARY KEY (kind),
  constraint high_water_mark_check CHECK ((mark > 0))
);
grant select on high_water to cid_app;
grant insert, select, update on high_water to cid_worker;

create table images (
  tenant_id uuid not null,
  id uuid not null,
  sha256 bytea not null,
  mime text not null,
  width integer not null,
  height integer not null,
  bytes bytea not null,
  provider text not null,
  external_id text default ''::text not null,
  page_url text default ''::text not null,
  author text default ''::text not null,
  author_url text default ''::text not null,
  alt text default ''::text not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint images_pkey PRIMARY KEY (tenant_id, id),
  constraint images_tenant_id_sha256_key UNIQUE (tenant_id, sha256),
  constraint images_bytes_check CHECK ((length(bytes) <= 4000000)),
  constraint images_check CHECK ((sha256 = sha256(bytes))),
  constraint images_height_check CHECK ((height > 0)),
  constraint images_mime_check CHECK ((mime = ANY (ARRAY['image/jpeg'::text, 'image/png'::text, 'image/webp'::text]))),
  constraint images_width_check CHECK ((width > 0)),
  constraint images_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
alter table images enable row level security;
alter table images force row level security;
create policy owner on images for all to current_user using (true) with check (true);
create policy tenant on images for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on images to cid_app;

create table interest (
  provider text not null,
  place text not null,
  keyword text not null,
  score numeric(5,2),
  missing text default ''::text not null,
  asked_at timestamp with time zone default cid_now() not null,
  until timestamp with time zone not null,
  asking_until timestamp with time zone default '-infinity'::timestamp with time zone not null,
  constraint interest_pkey PRIMARY KEY (provider, place, keyword),
  constraint interest_score_check CHECK (((score >= (0)::numeric) AND (score <= (100)::numeric)))
);
CREATE INDEX interest_until ON public.interest USING btree (until);
grant delete, insert, select, update on interest to cid_worker;

create table item_texts (
  item_id uuid not null,
  state text,
  detail text default ''::text not null,
  text text default ''::text not null,
  words integer default 0 not null,
  title text default ''::text not null,
  language text default ''::text not null,
  canonical_url text default ''::text not null,
  alias_of uuid,
  published_at timestamp with time zone,
  status integer,
  bytes integer default 0 not null,
  sha bytea,
  tries integer default 0 not null,
  wanted_at timestamp with time zone default cid_now() not null,
  fetched_at timestamp with time zone,
  retry_at timestamp with time zone default cid_now(),
  constraint item_texts_pkey PRIMARY KEY (item_id),
  constraint item_texts_check CHECK (((state = 'read'::text) OR (text = ''::text))),
  constraint item_texts_state_check CHECK ((state = ANY (ARRAY['read'::text, 'paywalled'::text, 'blocked'::text, 'script'::text, 'forbidden_by_robots'::text, 'gone'::text, 'unreachable'::text, 'too_short'::text, 'unreadable'::text]))),
  constraint item_texts_alias_of_fkey FOREIGN KEY (alias_of) REFERENCES items(id) ON DELETE SET NULL,
  constraint item_texts_item_id_fkey FOREIGN KEY (item_id) REFERENCES items(id) ON DELETE CASCADE
);
CREATE INDEX item_texts_alias ON public.item_texts USING btree (alias_of) WHERE (alias_of IS NOT NULL);
CREATE INDEX item_texts_due ON public.item_texts USING btree (retry_at) WHERE (retry_at IS NOT NULL);
CREATE INDEX item_texts_kept ON public.item_texts USING btree (fetched_at) WHERE (text <> ''::text);
alter table item_texts enable row level security;
alter table item_texts force row level security;
create policy owner on item_texts for all to current_user using (true) with check (true);
create policy visible on item_texts for select to cid_app using ((EXISTS ( SELECT FROM items i WHERE ((i.id = item_texts.item_id) AND (i.public OR (EXISTS ( SELECT FROM sightings s WHERE ((s.item_id = i.id) AND (s.tenant_id = ( SELECT app_tenant() AS app_tenant))))))))));
create policy wanted on item_texts for insert to cid_app with check ((EXISTS ( SELECT FROM items i WHERE ((i.id = item_texts.item_id) AND (i.public OR (EXISTS ( SELECT FROM sightings s WHERE ((s.item_id = i.id) AND (s.tenant_id = ( SELECT app_tenant() AS app_tenant))))))))));
create policy worker on item_texts for all to cid_worker using (true) with check (true);
grant insert (item_id), select on item_texts to cid_app;
grant insert, select, update on item_texts to cid_worker;

create table items (
  id uuid not null,
  url text not null,
  url_hash bytea not null,
  identity text default ''::text not null,
  title text not null,
  summary text default ''::text not null,
  author text default ''::text not null,
  language text default ''::text not null,
  published_at timestamp with time zone,
  first_seen_at timestamp with time zone default cid_now() not null,
  story_id uuid,
  band text,
  likeness real,
  public boolean not null,
  sample boolean default false not null,
  constraint items_pkey PRIMARY KEY (id),
  constraint items_url_hash_key UNIQUE (url_hash),
  constraint items_band_check CHECK ((band = ANY (ARRAY['first'::text, 'certain'::text, 'similar'::text, 'contested'::text]))),
  constraint items_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id)
);
CREATE INDEX items_seen ON public.items USING btree (first_seen_at DESC, id DESC);
CREATE INDEX items_story ON public.items USING btree (story_id);
CREATE INDEX items_words ON public.items USING gin (title_words(title));
alter table items enable row level security;
alter table items force row level security;
create policy owner on items for all to current_user using (true) with check (true);
create policy visible on items for all to cid_app using ((public OR (EXISTS ( SELECT FROM sightings s WHERE ((s.item_id = items.id) AND (s.tenant_id = ( SELECT app_tenant() AS app_tenant)))))));
create policy worker on items for all to cid_worker using (true) with check (true);
grant select on items to cid_app;
grant insert, select, update on items to cid_worker;

create table jobs (
  id bigint default nextval('job_ids'::regclass) not null,
  tenant_id uuid not null,
  kind text not null,
  key text default ''::text not null,
  state text default 'ready'::text not null,
  priority smallint default 0 not null,
  run_at timestamp with time zone default cid_now() not null,
  attempt integer default 0 not null,
  worker uuid,
  lease bigint,
  deadline timestamp with time zone,
  counted boolean default false not null,
  cancel boolean default false not null,
  dedupe_key text,
  payload jsonb default '{}'::jsonb not null,
  error text default ''::text not null,
  created_at timestamp with time zone default cid_now() not null,
  started_at timestamp with time zone,
  constraint jobs_pkey PRIMARY KEY (id),
  constraint jobs_check CHECK (((state = 'running'::text) = ((worker IS NOT NULL) AND (lease IS NOT NULL) AND (deadline IS NOT NULL)))),
  constraint jobs_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'ready'::text, 'running'::text])))
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.01, fillfactor=70);
CREATE INDEX jobs_cancel ON public.jobs USING btree (worker) WHERE cancel;
CREATE INDEX jobs_counted ON public.jobs USING btree (kind, tenant_id, key, lease) WHERE counted;
CREATE UNIQUE INDEX jobs_dedupe ON public.jobs USING btree (tenant_id, kind, dedupe_key) WHERE ((state = ANY (ARRAY['scheduled'::text, 'ready'::text])) AND (dedupe_key IS NOT NULL));
CREATE INDEX jobs_ready ON public.jobs USING btree (kind, tenant_id, key, priority, id) WHERE (state = 'ready'::text);
CREATE INDEX jobs_running ON public.jobs USING btree (worker) WHERE (state = 'running'::text);
CREATE INDEX jobs_scheduled ON public.jobs USING btree (run_at) WHERE (state = 'scheduled'::text);
alter table jobs enable row level security;
alter table jobs force row level security;
create policy owner on jobs for all to current_user using (true) with check (true);
create policy tenant on jobs for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check (((tenant_id = ( SELECT app_tenant() AS app_tenant)) AND (state = ANY (ARRAY['scheduled'::text, 'ready'::text]))));
create policy worker on jobs for all to cid_worker using (true) with check (true);
grant delete, insert, select on jobs to cid_app;
grant delete, insert, select, update on jobs to cid_worker;

create table jobs_dead (
  id bigint not null,
  tenant_id uuid not null,
  kind text not null,
  key text default ''::text not null,
  priority smallint default 0 not null,
  dedupe_key text,
  attempt integer not null,
  payload jsonb not null,
  error text not null,
  created_at timestamp with time zone not null,
  died_at timestamp with time zone default cid_now() not null,
  constraint jobs_dead_pkey PRIMARY KEY (id)
);
CREATE INDEX jobs_dead_outgoing ON public.jobs_dead USING btree (died_at) WHERE (kind = ANY (ARRAY['mail'::text, 'publish'::text, 'review'::text]));
CREATE INDEX jobs_dead_runs ON public.jobs_dead USING btree (((payload ->> 'run'::text))) WHERE (payload ? 'run'::text);
CREATE INDEX jobs_dead_screenings ON public.jobs_dead USING btree (died_at) WHERE (payload ? 'screening'::text);
CREATE INDEX jobs_dead_tenant ON public.jobs_dead USING btree (tenant_id, died_at DESC);
alter table jobs_dead enable row level security;
alter table jobs_dead force row level security;
create policy owner on jobs_dead for all to current_user using (true) with check (true);
create policy tenant on jobs_dead for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on jobs_dead for all to cid_worker using (true) with check (true);
grant insert, select on jobs_dead to cid_app;
grant delete, insert, select, update on jobs_dead to cid_worker;

create table jobs_done (
  id bigint not null,
  tenant_id uuid not null,
  kind text not null,
  outcome text not null,
  attempt integer not null,
  payload jsonb not null,
  created_at timestamp with time zone not null,
  run_at timestamp with time zone not null,
  started_at timestamp with time zone,
  ended_at timestamp with time zone default cid_now() not null,
  constraint jobs_done_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'cancelled'::text, 'merged'::text])))
) partition by RANGE (ended_at);
CREATE INDEX jobs_done_time ON ONLY public.jobs_done USING brin (ended_at);
alter table jobs_done enable row level security;
alter table jobs_done force row level security;
create policy owner on jobs_done for all to current_user using (true) with check (true);
create policy tenant on jobs_done for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on jobs_done for all to cid_worker using (true) with check (true);
grant insert, select on jobs_done to cid_app;
grant insert, select on jobs_done to cid_worker;

create table limits (
  key text not null,
  tat timestamp with time zone not null,
  constraint limits_pkey PRIMARY KEY (key)
) with (fillfactor=70);
grant insert, select, update on limits to cid_app;
grant delete, insert, select, update on limits to cid_worker;

create table mail_wishes (
  tenant_id uuid not null,
  user_id uuid not null,
  digest boolean default true not null,
  hour smallint default 7 not null,
  zone text default ''::text not null,
  breaking boolean default false not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint mail_wishes_pkey PRIMARY KEY (tenant_id, user_id),
  constraint mail_wishes_hour_check CHECK (((hour >= 0) AND (hour <= 23))),
  constraint mail_wishes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint mail_wishes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
alter table mail_wishes enable row level security;
alter table mail_wishes force row level security;
create policy owner on mail_wishes for all to current_user using (true) with check (true);
create policy tenant on mail_wishes for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on mail_wishes for all to cid_worker using (true) with check (true);
grant insert, select, update (digest, hour, zone, breaking, changed_at) on mail_wishes to cid_app;
grant delete, insert, select, update (digest, hour, zone, breaking, changed_at) on mail_wishes to cid_worker;

create table mails (
  id uuid not null,
  tenant_id uuid,
  kind text not null,
  key text not null,
  user_id uuid,
  address text not null,
  subject text not null,
  tells jsonb default '{}'::jsonb not null,
  message text,
  state text default 'planned'::text not null,
  error text default ''::text not null,
  given_up boolean default false not null,
  attempts integer default 0 not null,
  job_id bigint,
  lease bigint,
  planned_at timestamp with time zone default cid_now() not null,
  until timestamp with time zone,
  sent_at timestamp with time zone,
  changed_at timestamp with time zone default cid_now() not null,
  constraint mails_pkey PRIMARY KEY (id),
  constraint mails_kind_check CHECK ((kind = ANY (ARRAY['invite'::text, 'reset'::text, 'digest'::text, 'breaking'::text, 'change'::text, 'briefing'::text, 'link'::text, 'notice'::text]))),
  constraint mails_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'sending'::text, 'sent'::text, 'refused'::text, 'unknown'::text, 'bounced'::text]))),
  constraint mails_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint mails_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX mails_address ON public.mails USING btree (address, id DESC);
CREATE INDEX mails_kept ON public.mails USING btree (changed_at) WHERE (message IS NOT NULL);
CREATE UNIQUE INDEX mails_once ON public.mails USING btree (COALESCE(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid), kind, address, key);
CREATE INDEX mails_open ON public.mails USING btree (state) WHERE (state <> 'sent'::text);
CREATE INDEX mails_recent ON public.mails USING btree (tenant_id, id DESC);
CREATE INDEX mails_user ON public.mails USING btree (user_id);
alter table mails enable row level security;
alter table mails force row level security;
create policy owner on mails for all to current_user using (true) with check (true);
create policy tenant on mails for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on mails for all to cid_worker using (true) with check (true);
grant insert, select, update (message, state, error, given_up, attempts, job_id, lease, until, sent_at, changed_at) on mails to cid_app;
grant insert, select, update (message, state, error, given_up, attempts, job_id, lease, until, sent_at, changed_at) on mails to cid_worker;

create table match_verdicts (
  tenant_id uuid not null,
  id uuid not null,
  match_id uuid not null,
  verdict text not null,
  note text default ''::text not null,
  user_id uuid,
  made_at timestamp with time zone default cid_now() not null,
  constraint match_verdicts_pkey PRIMARY KEY (tenant_id, id),
  constraint match_verdicts_note_check CHECK ((length(note) <= 2000)),
  constraint match_verdicts_verdict_check CHECK ((verdict = ANY (ARRAY['confirmed'::text, 'rejected'::text]))),
  constraint match_verdicts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint match_verdicts_tenant_id_match_id_fkey FOREIGN KEY (tenant_id, match_id) REFERENCES narrative_matches(tenant_id, id),
  constraint match_verdicts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX match_verdicts_match ON public.match_verdicts USING btree (tenant_id, match_id, made_at DESC, id DESC);
CREATE INDEX match_verdicts_user ON public.match_verdicts USING btree (user_id) WHERE (user_id IS NOT NULL);
alter table match_verdicts enable row level security;
alter table match_verdicts force row level security;
create policy owner on match_verdicts for all to current_user using (true) with check (true);
create policy tenant on match_verdicts for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on match_verdicts to cid_app;

create table members (
  tenant_id uuid not null,
  user_id uuid not null,
  role text not null,
  seen_at timestamp with time zone,
  created_at timestamp with time zone default cid_now() not null,
  digest_at timestamp with time zone default '-infinity'::timestamp with time zone not null,
  constraint members_pkey PRIMARY KEY (tenant_id, user_id),
  constraint members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'editor'::text, 'analyst'::text, 'viewer'::text]))),
  constraint members_tenant_id_check CHECK ((tenant_id <> house())),
  constraint members_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX members_digest ON public.members USING btree (digest_at);
CREATE INDEX members_user ON public.members USING btree (user_id);
alter table members enable row level security;
alter table members force row level security;
create policy owner on members for all to current_user using (true) with check (true);
create policy tenant on members for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on members for all to cid_worker using (true) with check (true);
grant select on members to cid_app;
grant delete, insert, select, update on members to cid_worker;

create table migrations (
  number integer not null,
  name text not null,
  sha256 text not null,
  applied_at timestamp with time zone default now() not null,
  constraint migrations_pkey PRIMARY KEY (number)
);
grant select on migrations to cid_app;
grant select on migrations to cid_worker;

create table model_terms (
  tenant_id uuid not null,
  cheap text[],
  quality text[],
  per_day numeric(18,12),
  per_month numeric(18,12),
  per_stage jsonb default '{}'::jsonb not null,
  all_per_day numeric(18,12),
  stopped text,
  changed_by uuid,
  changed_at timestamp with time zone default cid_now() not null,
  constraint model_terms_pkey PRIMARY KEY (tenant_id),
  constraint model_terms_all_per_day_check CHECK ((all_per_day >= (0)::numeric)),
  constraint model_terms_cheap_check CHECK ((cardinality(cheap) > 0)),
  constraint model_terms_per_day_check CHECK ((per_day >= (0)::numeric)),
  constraint model_terms_per_month_check CHECK ((per_month >= (0)::numeric)),
  constraint model_terms_quality_check CHECK ((cardinality(quality) > 0))
);
alter table model_terms enable row level security;
alter table model_terms force row level security;
create policy adds on model_terms for insert to cid_app with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy changes on model_terms for update to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy owner on model_terms for all to current_user using (true) with check (true);
create policy tenant on model_terms for select to cid_app using ((tenant_id = ANY (ARRAY[( SELECT app_tenant() AS app_tenant), '00000000-0000-0000-0000-000000000000'::uuid])));
create policy worker on model_terms for all to cid_worker using (true) with check (true);
grant insert (tenant_id, cheap, quality, changed_by, changed_at), select, update (cheap, quality, changed_by, changed_at) on model_terms to cid_app;
grant insert, select, update on model_terms to cid_worker;

create table monitor_changes (
  tenant_id uuid not null,
  id uuid not null,
  monitor_id uuid not null,
  run_id uuid not null,
  before_run_id uuid,
  size smallint not null,
  change jsonb not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint monitor_changes_pkey PRIMARY KEY (tenant_id, id),
  constraint monitor_changes_tenant_id_run_id_key UNIQUE (tenant_id, run_id),
  constraint monitor_changes_size_check CHECK (((size >= 0) AND (size <= 100))),
  constraint monitor_changes_tenant_id_before_run_id_fkey FOREIGN KEY (tenant_id, before_run_id) REFERENCES runs(tenant_id, id),
  constraint monitor_changes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint monitor_changes_tenant_id_monitor_id_fkey FOREIGN KEY (tenant_id, monitor_id) REFERENCES monitors(tenant_id, id),
  constraint monitor_changes_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id)
);
CREATE INDEX monitor_changes_before ON public.monitor_changes USING btree (tenant_id, before_run_id) WHERE (before_run_id IS NOT NULL);
CREATE INDEX monitor_changes_monitor ON public.monitor_changes USING btree (tenant_id, monitor_id, made_at DESC, id DESC);
CREATE INDEX monitor_changes_recent ON public.monitor_changes USING btree (tenant_id, made_at DESC, id DESC);
alter table monitor_changes enable row level security;
alter table monitor_changes force row level security;
create policy owner on monitor_changes for all to current_user using (true) with check (true);
create policy tenant on monitor_changes for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on monitor_changes to cid_app;

create table monitors (
  tenant_id uuid not null,
  id uuid not null,
  outlet text not null,
  outlet_key text not null,
  country text default ''::text not null,
  url text default ''::text not null,
  platform text not null,
  period text not null,
  items smallint not null,
  sources text[] default '{}'::text[] not null,
  substitute boolean default false not null,
  tlp text default 'amber'::text not null,
  every_hours smallint not null,
  threshold smallint default 50 not null,
  active boolean default true not null,
  next_at timestamp with time zone default cid_now() not null,
  made_by uuid,
  created_at timestamp with time zone default cid_now() not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint monitors_pkey PRIMARY KEY (tenant_id, id),
  constraint monitors_every_hours_check CHECK (((every_hours >= 1) AND (every_hours <= 2160))),
  constraint monitors_items_check CHECK (((items >= 1) AND (items <= 20))),
  constraint monitors_outlet_check CHECK (((length(outlet) >= 1) AND (length(outlet) <= 200))),
  constraint monitors_period_check CHECK ((period = ANY (ARRAY['h'::text, 'd'::text, 'w'::text, 'm'::text, 'y'::text]))),
  constraint monitors_platform_check CHECK ((platform = ANY (ARRAY['news'::text, 'x'::text, 'telegram'::text]))),
  constraint monitors_threshold_check CHECK (((threshold >= 0) AND (threshold <= 100))),
  constraint monitors_tlp_check CHECK ((tlp = ANY (ARRAY['clear'::text, 'green'::text, 'amber'::text, 'amber+strict'::text, 'red'::text]))),
  constraint monitors_made_by_fkey FOREIGN KEY (made_by) REFERENCES users(id),
  constraint monitors_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX monitors_due ON public.monitors USING btree (next_at) WHERE active;
CREATE INDEX monitors_made_by ON public.monitors USING btree (made_by) WHERE (made_by IS NOT NULL);
alter table monitors enable row level security;
alter table monitors force row level security;
create policy owner on monitors for all to current_user using (true) with check (true);
create policy tenant on monitors for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on monitors for all to cid_worker using (true) with check (true);
grant insert, select, update (country, url, period, items, sources, substitute, tlp, every_hours, threshold, active, next_at, changed_at) on monitors to cid_app;
grant select on monitors to cid_worker;

create table narrative_matches (
  tenant_id uuid not null,
  id uuid not null,
  run_id uuid not null,
  narrative text not null,
  name text not null,
  category text not null,
  place text not null,
  item smallint,
  spans jsonb default '[]'::jsonb not null,
  cues smallint not null,
  strength text not null,
  stance text not null,
  language text default ''::text not null,
  by text not null,
  probability double precision,
  version text default ''::text not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint narrative_matches_pkey PRIMARY KEY (tenant_id, id),
  constraint narrative_matches_by_check CHECK ((by = ANY (ARRAY['catalogue'::text, 'classifier'::text]))),
  constraint narrative_matches_check CHECK (((place = 'item'::text) = (item IS NOT NULL))),
  constraint narrative_matches_place_check CHECK ((place = ANY (ARRAY['item'::text, 'report'::text]))),
  constraint narrative_matches_stance_check CHECK ((stance = ANY (ARRAY['repeats'::text, 'reports'::text, 'debunks'::text]))),
  constraint narrative_matches_strength_check CHECK ((strength = ANY (ARRAY['low'::text, 'moderate'::text, 'high'::text]))),
  constraint narrative_matches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint narrative_matches_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id),
  constraint narrative_matches_tenant_id_run_id_item_fkey FOREIGN KEY (tenant_id, run_id, item) REFERENCES run_items(tenant_id, run_id, number)
);
CREATE INDEX narrative_matches_over_time ON public.narrative_matches USING btree (tenant_id, narrative, made_at, id) INCLUDE (stance, place);
CREATE INDEX narrative_matches_run ON public.narrative_matches USING btree (tenant_id, run_id);
alter table narrative_matches enable row level security;
alter table narrative_matches force row level security;
create policy owner on narrative_matches for all to current_user using (true) with check (true);
create policy tenant on narrative_matches for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on narrative_matches to cid_app;

create table once_links (
  id_hash bytea not null,
  purpose text not null,
  user_id uuid,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  created_at timestamp with time zone default cid_now() not null,
  constraint once_links_pkey PRIMARY KEY (id_hash),
  constraint once_links_purpose_check CHECK ((purpose = ANY (ARRAY['setup'::text, 'invite'::text, 'reset'::text, 'code'::text]))),
  constraint once_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
grant delete, insert, select, update on once_links to cid_worker;

create table page_looks (
  url_hash bytea not null,
  url text not null,
  state text,
  detail text default ''::text not null,
  final_url text default ''::text not null,
  status integer,
  sha256 bytea,
  published_at timestamp with time zone,
  fetched_at timestamp with time zone,
  held_until timestamp with time zone,
  constraint page_looks_pkey PRIMARY KEY (url_hash),
  constraint page_looks_check CHECK (((state = 'read'::text) = (sha256 IS NOT NULL))),
  constraint page_looks_state_check CHECK ((state = ANY (ARRAY['read'::text, 'paywalled'::text, 'blocked'::text, 'script'::text, 'forbidden_by_robots'::text, 'gone'::text, 'unreachable'::text, 'too_short'::text, 'unreadable'::text])))
);
CREATE INDEX page_looks_fetched ON public.page_looks USING btree (fetched_at);
alter table page_looks enable row level security;
alter table page_looks force row level security;
create policy owner on page_looks for all to current_user using (true) with check (true);
create policy worker on page_looks for all to cid_worker using (true) with check (true);
grant delete, insert, select, update on page_looks to cid_worker;

create table pages (
  sha256 bytea not null,
  text text not null,
  title text default ''::text not null,
  language text default ''::text not null,
  publisher text default ''::text not null,
  used_at timestamp with time zone default cid_now() not null,
  constraint pages_pkey PRIMARY KEY (sha256),
  constraint pages_sha256_check CHECK ((octet_length(sha256) = 32))
);
CREATE INDEX pages_used ON public.pages USING btree (used_at);
alter table pages enable row level security;
alter table pages force row level security;
create policy owner on pages for all to current_user using (true) with check (true);
create policy stood_on on pages for select to cid_app using ((EXISTS ( SELECT FROM evidence_pages e WHERE ((e.tenant_id = ( SELECT app_tenant() AS app_tenant)) AND (e.sha256 = pages.sha256)))));
create policy worker on pages for all to cid_worker using (true) with check (true);
grant select on pages to cid_app;
grant delete, insert, select, update on pages to cid_worker;

create table pauses (
  kind text not null,
  tenant_id uuid default '00000000-0000-0000-0000-000000000000'::uuid not null,
  paused_at timestamp with time zone default cid_now() not null,
  constraint pauses_pkey PRIMARY KEY (kind, tenant_id)
);
alter table pauses enable row level security;
alter table pauses force row level security;
create policy owner on pauses for all to current_user using (true) with check (true);
create policy tenant on pauses for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on pauses for all to cid_worker using (true) with check (true);
grant select on pauses to cid_app;
grant delete, insert, select, update on pauses to cid_worker;

create table periodic_slots (
  name text not null,
  slot timestamp with time zone not null,
  taken_at timestamp with time zone default cid_now() not null,
  constraint periodic_slots_pkey PRIMARY KEY (name, slot)
);
grant delete, insert, select on periodic_slots to cid_worker;

create table photo_searches (
  key bytea not null,
  photos jsonb not null,
  asked_at timestamp with time zone default cid_now() not null,
  constraint photo_searches_pkey PRIMARY KEY (key)
);
CREATE INDEX photo_searches_asked ON public.photo_searches USING btree (asked_at);
grant delete, insert, select, update on photo_searches to cid_worker;

create table places (
  tenant_id uuid not null,
  screening_id uuid not null,
  ordinal integer default 1 not null,
  day date,
  week date,
  by_hand uuid,
  taken_at timestamp with time zone default cid_now() not null,
  released_at timestamp with time zone,
  constraint places_pkey PRIMARY KEY (tenant_id, screening_id, ordinal),
  constraint places_check CHECK (((day IS NULL) = (by_hand IS NOT NULL))),
  constraint places_check1 CHECK (((day IS NULL) = (week IS NULL))),
  constraint places_ordinal_check CHECK ((ordinal > 0)),
  constraint places_by_hand_fkey FOREIGN KEY (by_hand) REFERENCES users(id),
  constraint places_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint places_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id)
);
alter table places enable row level security;
alter table places force row level security;
create policy owner on places for all to current_user using (true) with check (true);
create policy tenant on places for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select, update on places to cid_app;

create table plans (
  tenant_id uuid not null,
  day date not null,
  day_taken integer not null,
  week date not null,
  week_taken integer not null,
  constraint plans_pkey PRIMARY KEY (tenant_id),
  constraint plans_day_taken_check CHECK ((day_taken >= 0)),
  constraint plans_week_taken_check CHECK ((week_taken >= 0)),
  constraint plans_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
alter table plans enable row level security;
alter table plans force row level security;
create policy owner on plans for all to current_user using (true) with check (true);
create policy tenant on plans for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select, update on plans to cid_app;

create table policies (
  tenant_id uuid not null,
  section text not null,
  name text not null,
  value jsonb not null,
  changed_by uuid,
  changed_at timestamp with time zone default cid_now() not null,
  constraint policies_pkey PRIMARY KEY (tenant_id, section, name),
  constraint policies_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id),
  constraint policies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
alter table policies enable row level security;
alter table policies force row level security;
create policy owner on policies for all to current_user using (true) with check (true);
create policy tenant on policies for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on policies for all to cid_worker using (true) with check (true);
grant delete, insert, select, update (value, changed_by, changed_at) on policies to cid_app;
grant insert, select, update on policies to cid_worker;

create table prefilter_samples (
  tenant_id uuid not null,
  screening_id uuid not null,
  version integer not null,
  score double precision not null,
  stands_for double precision not null,
  at timestamp with time zone default cid_now() not null,
  constraint prefilter_samples_pkey PRIMARY KEY (tenant_id, screening_id),
  constraint prefilter_samples_stands_for_check CHECK ((stands_for >= (1)::double precision)),
  constraint prefilter_samples_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id)
);
CREATE INDEX prefilter_samples_recent ON public.prefilter_samples USING btree (tenant_id, at);
alter table prefilter_samples enable row level security;
alter table prefilter_samples force row level security;
create policy owner on prefilter_samples for all to current_user using (true) with check (true);
create policy tenant on prefilter_samples for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on prefilter_samples to cid_app;

create table prefilters (
  tenant_id uuid not null,
  version integer not null,
  state text not null,
  why text not null,
  bias double precision not null,
  threshold double precision not null,
  weights jsonb not null,
  up jsonb not null,
  down jsonb not null,
  labels integer not null,
  decided integer not null,
  passes integer not null,
  held integer not null,
  held_passes integer not null,
  recall double precision,
  sure double precision not null,
  saved double precision not null,
  learned_at timestamp with time zone default cid_now() not null,
  measured_at timestamp with time zone,
  kept_passes integer default 0 not null,
  asked integer default 0 not null,
  asked_passes integer default 0 not null,
  live_recall double precision,
  cleared_by uuid,
  cleared_at timestamp with time zone,
  constraint prefilters_pkey PRIMARY KEY (tenant_id),
  constraint prefilters_state_check CHECK ((state = ANY (ARRAY['learning'::text, 'proved'::text, 'tripped'::text]))),
  constraint prefilters_cleared_by_fkey FOREIGN KEY (cleared_by) REFERENCES users(id),
  constraint prefilters_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
alter table prefilters enable row level security;
alter table prefilters force row level security;
create policy owner on prefilters for all to current_user using (true) with check (true);
create policy tenant on prefilters for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select, update on prefilters to cid_app;

create table profiles (
  tenant_id uuid not null,
  body jsonb default '{}'::jsonb not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint profiles_pkey PRIMARY KEY (tenant_id),
  constraint profiles_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
alter table profiles enable row level security;
alter table profiles force row level security;
create policy owner on profiles for all to current_user using (true) with check (true);
create policy tenant on profiles for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on profiles for all to cid_worker using (true) with check (true);
grant insert, select, update (body, changed_at) on profiles to cid_app;
grant insert, select, update on profiles to cid_worker;

create table proposals (
  tenant_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  tier text not null,
  url text not null,
  via text default ''::text not null,
  title text default ''::text not null,
  site text default ''::text not null,
  entries integer not null,
  newest_at timestamp with time zone,
  kinship text not null,
  state text default 'proposed'::text not null,
  place integer default 0 not null,
  by_itself boolean default false not null,
  user_id uuid,
  tested_at timestamp with time zone default cid_now() not null,
  created_at timestamp with time zone default cid_now() not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint proposals_pkey PRIMARY KEY (tenant_id, id),
  constraint proposals_tenant_id_source_id_url_key UNIQUE (tenant_id, source_id, url),
  constraint proposals_kinship_check CHECK ((kinship = ANY (ARRAY['host'::text, 'title'::text, 'publisher'::text, 'none'::text]))),
  constraint proposals_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'taken'::text, 'rejected'::text, 'expired'::text]))),
  constraint proposals_tier_check CHECK ((tier = ANY (ARRAY['site'::text, 'news'::text, 'defaults'::text]))),
  constraint proposals_url_check CHECK ((length(url) <= 2000)),
  constraint proposals_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id),
  constraint proposals_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint proposals_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX proposals_expired ON public.proposals USING btree (changed_at) WHERE (state = 'expired'::text);
CREATE INDEX proposals_source ON public.proposals USING btree (source_id) WHERE (state = 'proposed'::text);
CREATE INDEX proposals_user ON public.proposals USING btree (user_id) WHERE (user_id IS NOT NULL);
alter table proposals enable row level security;
alter table proposals force row level security;
create policy owner on proposals for all to current_user using (true) with check (true);
create policy tenant on proposals for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on proposals for all to cid_worker using (true) with check (true);
grant select on proposals to cid_app;
grant delete, insert, select, update on proposals to cid_worker;

create table publications (
  tenant_id uuid not null,
  id uuid not null,
  draft_id uuid not null,
  channel_id uuid not null,
  decision_id uuid not null,
  version_id uuid not null,
  sha256 bytea not null,
  decided text default 'approve'::text not null,
  state text default 'planned'::text not null,
  url text default ''::text not null,
  external_id text default ''::text not null,
  error text default ''::text not null,
  notes jsonb default '[]'::jsonb not null,
  job_id bigint,
  lease bigint,
  due_at timestamp with time zone default cid_now() not null,
  planned_at timestamp with time zone default cid_now() not null,
  sent_at timestamp with time zone,
  live_at timestamp with time zone,
  next_decision_id uuid,
  next_version_id uuid,
  next_sha256 bytea,
  retraction text default ''::text not null,
  hurried_by uuid,
  hurried_why text default ''::text not null,
  stands_in_by uuid,
  stands_in_why text default ''::text not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint publications_pkey PRIMARY KEY (tenant_id, id),
  constraint publications_check CHECK ((num_nulls(next_decision_id, next_version_id, next_sha256) = ANY (ARRAY[0, 3]))),
  constraint publications_decided_check CHECK ((decided = 'approve'::text)),
  constraint publications_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'sending'::text, 'live'::text, 'failed'::text, 'unknown'::text, 'updating'::text, 'retracting'::text, 'retracted'::text]))),
  constraint publications_tenant_id_channel_id_fkey FOREIGN KEY (tenant_id, channel_id) REFERENCES channels(tenant_id, id),
  constraint publications_tenant_id_decision_id_draft_id_version_id_sha_fkey FOREIGN KEY (tenant_id, decision_id, draft_id, version_id, sha256, decided) REFERENCES decisions(tenant_id, id, draft_id, version_id, sha256, kind),
  constraint publications_tenant_id_draft_id_fkey FOREIGN KEY (tenant_id, draft_id) REFERENCES drafts(tenant_id, id),
  constraint publications_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint publications_tenant_id_next_decision_id_draft_id_next_vers_fkey FOREIGN KEY (tenant_id, next_decision_id, draft_id, next_version_id, next_sha256, decided) REFERENCES decisions(tenant_id, id, draft_id, version_id, sha256, kind)
);
CREATE INDEX publications_draft ON public.publications USING btree (tenant_id, draft_id);
CREATE INDEX publications_due ON public.publications USING btree (tenant_id, due_at);
CREATE INDEX publications_live ON public.publications USING btree (tenant_id, live_at DESC, id DESC) WHERE (state = ANY (ARRAY['live'::text, 'updating'::text]));
CREATE UNIQUE INDEX publications_one ON public.publications USING btree (tenant_id, draft_id, channel_id) WHERE (state <> 'retracted'::text);
CREATE INDEX publications_open ON public.publications USING btree (state) WHERE (state <> ALL (ARRAY['live'::text, 'retracted'::text]));
CREATE INDEX publications_sent ON public.publications USING btree (tenant_id, channel_id, sent_at) WHERE (sent_at IS NOT NULL);
CREATE INDEX publications_state ON public.publications USING btree (tenant_id, state, id DESC);
CREATE INDEX publications_troubled ON public.publications USING btree (tenant_id) WHERE ((state = 'live'::text) AND (error <> ''::text));
alter table publications enable row level security;
alter table publications force row level security;
create policy owner on publications for all to current_user using (true) with check (true);
create policy tenant on publications for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on publications for all to cid_worker using (true) with check (true);
grant insert, select, update (decision_id, version_id, sha256, state, url, external_id, error, notes, job_id, lease, due_at, sent_at, live_at, next_decision_id, next_version_id, next_sha256, retraction, hurried_by, hurried_why, stands_in_by, stands_in_why, changed_at) on publications to cid_app;
grant select on publications to cid_worker;

create table readings (
  tenant_id uuid not null,
  user_id uuid not null,
  version_id uuid not null,
  first_at timestamp with time zone default cid_now() not null,
  compared_at timestamp with time zone,
  typed jsonb,
  typed_at timestamp with time zone,
  constraint readings_pkey PRIMARY KEY (tenant_id, version_id, user_id),
  constraint readings_check CHECK (((typed IS NULL) = (typed_at IS NULL))),
  constraint readings_typed_check CHECK ((length((typed)::text) <= 600000)),
  constraint readings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint readings_tenant_id_version_id_fkey FOREIGN KEY (tenant_id, version_id) REFERENCES versions(tenant_id, id),
  constraint readings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
alter table readings enable row level security;
alter table readings force row level security;
create policy owner on readings for all to current_user using (true) with check (true);
create policy tenant on readings for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select, update (compared_at, typed, typed_at) on readings to cid_app;

create table review_links (
  tenant_id uuid not null,
  id uuid not null,
  draft_id uuid not null,
  version_id uuid not null,
  user_id uuid not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  made_at timestamp with time zone default cid_now() not null,
  constraint review_links_pkey PRIMARY KEY (tenant_id, id),
  constraint review_links_tenant_id_draft_id_fkey FOREIGN KEY (tenant_id, draft_id) REFERENCES drafts(tenant_id, id),
  constraint review_links_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint review_links_tenant_id_version_id_fkey FOREIGN KEY (tenant_id, version_id) REFERENCES versions(tenant_id, id),
  constraint review_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX review_links_draft ON public.review_links USING btree (tenant_id, draft_id);
CREATE INDEX review_links_user ON public.review_links USING btree (user_id);
alter table review_links enable row level security;
alter table review_links force row level security;
create policy owner on review_links for all to current_user using (true) with check (true);
create policy tenant on review_links for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on review_links for all to cid_worker using (true) with check (true);
grant insert, select, update (used_at, revoked_at) on review_links to cid_app;
grant select, update (used_at, revoked_at) on review_links to cid_worker;

create table reviews (
  tenant_id uuid not null,
  id uuid not null,
  draft_id uuid not null,
  version_id uuid not null,
  outcome text not null,
  score integer,
  findings text default '[]'::text not null,
  call_id uuid,
  round smallint default 1 not null,
  kind text default 'review'::text not null,
  changes jsonb,
  cost numeric(18,12),
  made_at timestamp with time zone default cid_now() not null,
  constraint reviews_pkey PRIMARY KEY (tenant_id, id),
  constraint reviews_check CHECK ((((round = 2) = (kind = 'auto_fix'::text)) AND ((changes IS NOT NULL) = (kind = 'auto_fix'::text)))),
  constraint reviews_kind_check CHECK ((kind = ANY (ARRAY['review'::text, 'auto_fix'::text]))),
  constraint reviews_outcome_check CHECK ((outcome = ANY (ARRAY['ready_for_approval'::text, 'auto_revised'::text, 'needs_admin_review'::text, 'blocked_factual_review'::text, 'review_failed'::text]))),
  constraint reviews_round_check CHECK ((round = ANY (ARRAY[1, 2]))),
  constraint reviews_score_check CHECK (((score >= 0) AND (score <= 100))),
  constraint reviews_tenant_id_draft_id_fkey FOREIGN KEY (tenant_id, draft_id) REFERENCES drafts(tenant_id, id),
  constraint reviews_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint reviews_tenant_id_version_id_fkey FOREIGN KEY (tenant_id, version_id) REFERENCES versions(tenant_id, id)
);
CREATE INDEX reviews_draft ON public.reviews USING btree (tenant_id, draft_id, made_at);
CREATE INDEX reviews_recent ON public.reviews USING btree (tenant_id, made_at DESC, id DESC);
CREATE INDEX reviews_version ON public.reviews USING btree (tenant_id, version_id);
alter table reviews enable row level security;
alter table reviews force row level security;
create policy owner on reviews for all to current_user using (true) with check (true);
create policy tenant on reviews for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on reviews to cid_app;

create table run_batches (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  requested_by uuid,
  created_at timestamp with time zone default cid_now() not null,
  constraint run_batches_pkey PRIMARY KEY (tenant_id, id),
  constraint run_batches_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  constraint run_batches_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES users(id),
  constraint run_batches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX run_batches_recent ON public.run_batches USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX run_batches_requested_by ON public.run_batches USING btree (requested_by) WHERE (requested_by IS NOT NULL);
alter table run_batches enable row level security;
alter table run_batches force row level security;
create policy owner on run_batches for all to current_user using (true) with check (true);
create policy tenant on run_batches for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on run_batches to cid_app;

create table run_feedback (
  tenant_id uuid not null,
  id uuid not null,
  run_id uuid not null,
  about text not null,
  ref text default ''::text not null,
  feeling text not null,
  note text default ''::text not null,
  user_id uuid,
  made_at timestamp with time zone default cid_now() not null,
  constraint run_feedback_pkey PRIMARY KEY (tenant_id, id),
  constraint run_feedback_about_check CHECK ((about = ANY (ARRAY['run'::text, 'finding'::text, 'match'::text]))),
  constraint run_feedback_feeling_check CHECK ((feeling = ANY (ARRAY['useful'::text, 'wrong'::text, 'misleading'::text, 'missing'::text]))),
  constraint run_feedback_note_check CHECK ((length(note) <= 4000)),
  constraint run_feedback_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint run_feedback_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id),
  constraint run_feedback_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX run_feedback_run ON public.run_feedback USING btree (tenant_id, run_id, made_at);
CREATE INDEX run_feedback_user ON public.run_feedback USING btree (user_id) WHERE (user_id IS NOT NULL);
alter table run_feedback enable row level security;
alter table run_feedback force row level security;
create policy owner on run_feedback for all to current_user using (true) with check (true);
create policy tenant on run_feedback for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on run_feedback to cid_app;

create table run_fetches (
  tenant_id uuid not null,
  run_id uuid not null,
  number smallint not null,
  via text not null,
  address text not null,
  outcome text not null,
  cause text default ''::text not null,
  detail text default ''::text not null,
  found integer default 0 not null,
  kept integer default 0 not null,
  at timestamp with time zone default cid_now() not null,
  constraint run_fetches_pkey PRIMARY KEY (tenant_id, run_id, number),
  constraint run_fetches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint run_fetches_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id)
);
CREATE INDEX run_fetches_last ON public.run_fetches USING btree (tenant_id, via, outcome, at DESC);
alter table run_fetches enable row level security;
alter table run_fetches force row level security;
create policy owner on run_fetches for all to current_user using (true) with check (true);
create policy tenant on run_fetches for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on run_fetches to cid_app;

create table run_items (
  tenant_id uuid not null,
  run_id uuid not null,
  number smallint not null,
  via text not null,
  url text not null,
  title text not null,
  text text not null,
  grain text not null,
  text_state text default ''::text not null,
  sha256 bytea not null,
  publisher text default ''::text not null,
  author text default ''::text not null,
  language text default ''::text not null,
  published_at timestamp with time zone,
  fetched_at timestamp with time zone default cid_now() not null,
  facts jsonb default '{}'::jsonb not null,
  sample boolean default false not null,
  constraint run_items_pkey PRIMARY KEY (tenant_id, run_id, number),
  constraint run_items_grain_check CHECK ((grain = ANY (ARRAY['article'::text, 'summary'::text, 'title'::text, 'post'::text]))),
  constraint run_items_number_check CHECK ((number > 0)),
  constraint run_items_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint run_items_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id)
);
alter table run_items enable row level security;
alter table run_items force row level security;
create policy owner on run_items for all to current_user using (true) with check (true);
create policy tenant on run_items for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on run_items to cid_app;

create table run_steps (
  tenant_id uuid not null,
  run_id uuid not null,
  number smallint not null,
  state text not null,
  said text default ''::text not null,
  at timestamp with time zone default cid_now() not null,
  constraint run_steps_pkey PRIMARY KEY (tenant_id, run_id, number),
  constraint run_steps_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'fetching'::text, 'asking'::text, 'scoring'::text, 'completed'::text, 'partial'::text, 'failed'::text]))),
  constraint run_steps_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint run_steps_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id)
);
alter table run_steps enable row level security;
alter table run_steps force row level security;
create policy owner on run_steps for all to current_user using (true) with check (true);
create policy tenant on run_steps for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on run_steps to cid_app;

create table run_sums (
  tenant_id uuid not null,
  grain text not null,
  at timestamp with time zone not null,
  slot smallint not null,
  runs bigint default 0 not null,
  completed bigint default 0 not null,
  partial bigint default 0 not null,
  failed bigint default 0 not null,
  scored bigint default 0 not null,
  points bigint default 0 not null,
  excellent bigint default 0 not null,
  good bigint default 0 not null,
  acceptable bigint default 0 not null,
  poor bigint default 0 not null,
  failing bigint default 0 not null,
  constraint run_sums_pkey PRIMARY KEY (tenant_id, grain, at, slot),
  constraint run_sums_grain_check CHECK ((grain = ANY (ARRAY['ever'::text, 'day'::text, 'hour'::text]))),
  constraint run_sums_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
) with (fillfactor=50);
CREATE INDEX run_sums_old ON public.run_sums USING btree (grain, at) WHERE (grain <> 'ever'::text);
alter table run_sums enable row level security;
alter table run_sums force row level security;
create policy owner on run_sums for all to current_user using (true) with check (true);
create policy tenant on run_sums for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on run_sums for all to cid_worker using (true) with check (true);
grant select on run_sums to cid_app;
grant delete, select on run_sums to cid_worker;

create table runs (
  tenant_id uuid not null,
  id uuid not null,
  batch_id uuid,
  monitor_id uuid,
  outlet text not null,
  outlet_key text not null,
  country text default ''::text not null,
  url text default ''::text not null,
  platform text not null,
  period text not null,
  items smallint not null,
  sources text[] default '{}'::text[] not null,
  substitute boolean default false not null,
  tlp text default 'amber'::text not null,
  state text default 'queued'::text not null,
  failure text,
  detail text default ''::text not null,
  shortfalls text[] default '{}'::text[] not null,
  requested_by uuid,
  sample boolean default false not null,
  score smallint,
  rating text default ''::text not null,
  provider text default ''::text not null,
  profile jsonb,
  created_at timestamp with time zone default cid_now() not null,
  changed_at timestamp with time zone default cid_now() not null,
  ended_at timestamp with time zone,
  constraint runs_pkey PRIMARY KEY (tenant_id, id),
  constraint runs_check CHECK (((state = 'failed'::text) = (failure IS NOT NULL))),
  constraint runs_check1 CHECK (((state = ANY (ARRAY['completed'::text, 'partial'::text, 'failed'::text])) = (ended_at IS NOT NULL))),
  constraint runs_check2 CHECK (((state = 'partial'::text) = (cardinality(shortfalls) > 0))),
  constraint runs_failure_check CHECK ((failure = ANY (ARRAY['no_items'::text, 'sources'::text, 'no_key'::text, 'model'::text, 'cancelled'::text, 'internal'::text]))),
  constraint runs_items_check CHECK (((items >= 1) AND (items <= 20))),
  constraint runs_outlet_check CHECK (((length(outlet) >= 1) AND (length(outlet) <= 200))),
  constraint runs_period_check CHECK ((period = ANY (ARRAY['h'::text, 'd'::text, 'w'::text, 'm'::text, 'y'::text]))),
  constraint runs_platform_check CHECK ((platform = ANY (ARRAY['news'::text, 'x'::text, 'telegram'::text]))),
  constraint runs_rating_check CHECK ((rating = ANY (ARRAY[''::text, 'excellent'::text, 'good'::text, 'acceptable'::text, 'poor'::text, 'failing'::text]))),
  constraint runs_score_check CHECK (((score >= 0) AND (score <= 70))),
  constraint runs_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'fetching'::text, 'asking'::text, 'scoring'::text, 'completed'::text, 'partial'::text, 'failed'::text]))),
  constraint runs_tlp_check CHECK ((tlp = ANY (ARRAY['clear'::text, 'green'::text, 'amber'::text, 'amber+strict'::text, 'red'::text]))),
  constraint runs_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES users(id),
  constraint runs_tenant_id_batch_id_fkey FOREIGN KEY (tenant_id, batch_id) REFERENCES run_batches(tenant_id, id),
  constraint runs_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint runs_tenant_id_monitor_id_fkey FOREIGN KEY (tenant_id, monitor_id) REFERENCES monitors(tenant_id, id)
);
CREATE INDEX runs_batch ON public.runs USING btree (tenant_id, batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX runs_countries ON public.runs USING btree (tenant_id, country, created_at DESC, id DESC);
CREATE INDEX runs_monitor ON public.runs USING btree (tenant_id, monitor_id, created_at DESC, id DESC) WHERE (monitor_id IS NOT NULL);
CREATE INDEX runs_open ON public.runs USING btree (changed_at) WHERE (state = ANY (ARRAY['queued'::text, 'fetching'::text, 'asking'::text, 'scoring'::text]));
CREATE INDEX runs_outlets ON public.runs USING btree (tenant_id, outlet_key, created_at DESC, id DESC);
CREATE INDEX runs_platforms ON public.runs USING btree (tenant_id, platform, created_at DESC, id DESC);
CREATE INDEX runs_ratings ON public.runs USING btree (tenant_id, rating, created_at DESC, id DESC);
CREATE INDEX runs_recent ON public.runs USING btree (tenant_id, created_at DESC, id DESC);
CREATE INDEX runs_requested_by ON public.runs USING btree (requested_by) WHERE (requested_by IS NOT NULL);
CREATE INDEX runs_states ON public.runs USING btree (tenant_id, state, created_at DESC, id DESC);
CREATE INDEX runs_tlps ON public.runs USING btree (tenant_id, tlp, created_at DESC, id DESC);
CREATE CONSTRAINT TRIGGER runs_come AFTER INSERT ON public.runs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_run();
CREATE CONSTRAINT TRIGGER runs_end AFTER UPDATE OF state, score, rating ON public.runs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((((old.state = ANY (ARRAY['completed'::text, 'partial'::text, 'failed'::text])) OR (new.state = ANY (ARRAY['completed'::text, 'partial'::text, 'failed'::text]))) AND (old.state <> new.state)) OR (old.score IS DISTINCT FROM new.score) OR (old.rating <> new.rating))) EXECUTE FUNCTION count_run();
alter table runs enable row level security;
alter table runs force row level security;
create policy owner on runs for all to current_user using (true) with check (true);
create policy tenant on runs for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on runs for all to cid_worker using (true) with check (true);
grant insert, select, update (tlp, state, failure, detail, shortfalls, score, rating, provider, profile, changed_at, ended_at) on runs to cid_app;
grant select on runs to cid_worker;

create table scorecards (
  tenant_id uuid not null,
  run_id uuid not null,
  card jsonb not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint scorecards_pkey PRIMARY KEY (tenant_id, run_id),
  constraint scorecards_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint scorecards_tenant_id_run_id_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES runs(tenant_id, id)
);
alter table scorecards enable row level security;
alter table scorecards force row level security;
create policy owner on scorecards for all to current_user using (true) with check (true);
create policy tenant on scorecards for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on scorecards to cid_app;

create table screenings (
  tenant_id uuid not null,
  id uuid not null,
  story_id uuid not null,
  desk text default 'publishing'::text not null,
  item_id uuid not null,
  state text default 'open'::text not null,
  stage text default 'relate'::text not null,
  waiting_for text,
  until timestamp with time zone,
  gate text,
  reason text,
  failure text default ''::text not null,
  urgent boolean default false not null,
  spread integer default 0 not null,
  score numeric(6,2),
  merged_into uuid,
  superseded boolean default false not null,
  opened_at timestamp with time zone default cid_now() not null,
  changed_at timestamp with time zone default cid_now() not null,
  constraint screenings_pkey PRIMARY KEY (tenant_id, id),
  constraint screenings_check CHECK (((merged_into IS NULL) OR (state = ANY (ARRAY['dropped'::text, 'passed'::text])))),
  constraint screenings_check1 CHECK (((NOT superseded) OR ((desk = 'tracker'::text) AND (state = 'passed'::text)))),
  constraint screenings_check2 CHECK (((state = 'waiting'::text) = (waiting_for IS NOT NULL))),
  constraint screenings_check3 CHECK (((state = 'dropped'::text) = ((gate IS NOT NULL) AND (reason IS NOT NULL)))),
  constraint screenings_check4 CHECK (((state = 'failed'::text) = (failure <> ''::text))),
  constraint screenings_desk_check CHECK ((desk = ANY (ARRAY['publishing'::text, 'tracker'::text]))),
  constraint screenings_gate_check CHECK ((gate = ANY (ARRAY['rules'::text, 'relevance'::text, 'signal'::text, 'evidence'::text, 'fit'::text, 'draft'::text, 'review'::text, 'track'::text]))),
  constraint screenings_stage_check CHECK ((stage = ANY (ARRAY['relate'::text, 'assess'::text, 'gather'::text, 'fit'::text, 'draft'::text, 'track'::text]))),
  constraint screenings_state_check CHECK ((state = ANY (ARRAY['open'::text, 'waiting'::text, 'passed'::text, 'dropped'::text, 'failed'::text]))),
  constraint screenings_waiting_for_check CHECK ((waiting_for = ANY (ARRAY['signal'::text, 'budget'::text, 'batch'::text, 'plan'::text, 'approval'::text, 'outage'::text]))),
  constraint screenings_item_id_fkey FOREIGN KEY (item_id) REFERENCES items(id),
  constraint screenings_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id),
  constraint screenings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint screenings_tenant_id_merged_into_fkey FOREIGN KEY (tenant_id, merged_into) REFERENCES screenings(tenant_id, id)
);
CREATE INDEX screenings_item ON public.screenings USING btree (item_id);
CREATE UNIQUE INDEX screenings_one ON public.screenings USING btree (tenant_id, desk, story_id) WHERE ((merged_into IS NULL) AND (NOT superseded));
CREATE INDEX screenings_plan ON public.screenings USING btree (tenant_id, urgent DESC, score DESC NULLS LAST, opened_at, id) WHERE (waiting_for = 'plan'::text);
CREATE INDEX screenings_recent ON public.screenings USING btree (tenant_id, opened_at DESC);
CREATE INDEX screenings_state ON public.screenings USING btree (tenant_id, state, opened_at DESC, id DESC);
CREATE INDEX screenings_story ON public.screenings USING btree (story_id);
CREATE INDEX screenings_tracked ON public.screenings USING btree (tenant_id, opened_at DESC, id DESC) WHERE (desk = 'tracker'::text);
CREATE INDEX screenings_until ON public.screenings USING btree (until) WHERE (state = 'waiting'::text);
alter table screenings enable row level security;
alter table screenings force row level security;
create policy owner on screenings for all to current_user using (true) with check (true);
create policy tenant on screenings for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on screenings for all to cid_worker using (true) with check (true);
grant insert, select, update (state, stage, waiting_for, until, gate, reason, failure, urgent, spread, score, superseded, opened_at, changed_at) on screenings to cid_app;
grant select on screenings to cid_worker;

create table searches (
  tenant_id uuid not null,
  source_id uuid not null,
  found integer not null,
  tried jsonb default '[]'::jsonb not null,
  searched_at timestamp with time zone default cid_now() not null,
  constraint searches_pkey PRIMARY KEY (tenant_id, source_id),
  constraint searches_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id),
  constraint searches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX searches_old ON public.searches USING btree (searched_at);
CREATE INDEX searches_source ON public.searches USING btree (source_id);
alter table searches enable row level security;
alter table searches force row level security;
create policy owner on searches for all to current_user using (true) with check (true);
create policy tenant on searches for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on searches for all to cid_worker using (true) with check (true);
grant select on searches to cid_app;
grant delete, insert, select, update on searches to cid_worker;

create table sessions (
  id_hash bytea not null,
  user_id uuid not null,
  csrf text not null,
  agent text default ''::text not null,
  renew boolean default false not null,
  created_at timestamp with time zone default cid_now() not null,
  seen_at timestamp with time zone default cid_now() not null,
  expires_at timestamp with time zone not null,
  constraint sessions_pkey PRIMARY KEY (id_hash),
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_user ON public.sessions USING btree (user_id);
grant delete, insert, select, update on sessions to cid_worker;

create table settings (
  key text not null,
  value jsonb not null,
  changed_by uuid,
  changed_at timestamp with time zone default cid_now() not null,
  constraint settings_pkey PRIMARY KEY (key),
  constraint settings_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id)
);
grant insert, select, update on settings to cid_worker;

create table sightings (
  id uuid not null,
  item_id uuid not null,
  source_id uuid not null,
  tenant_id uuid,
  entry_key text default ''::text not null,
  title_key bytea,
  link text default ''::text not null,
  again boolean default false not null,
  via text default ''::text not null,
  publisher text default ''::text not null,
  facts jsonb default '{}'::jsonb not null,
  backlog boolean default false not null,
  published_at timestamp with time zone,
  seen_at timestamp with time zone default cid_now() not null,
  constraint sightings_pkey PRIMARY KEY (id)
) partition by RANGE (id);
CREATE INDEX sightings_item ON ONLY public.sightings USING btree (item_id);
CREATE INDEX sightings_key ON ONLY public.sightings USING btree (source_id, entry_key);
CREATE INDEX sightings_private ON ONLY public.sightings USING btree (tenant_id, item_id) WHERE (tenant_id IS NOT NULL);
CREATE INDEX sightings_source ON ONLY public.sightings USING btree (source_id, item_id);
CREATE INDEX sightings_title ON ONLY public.sightings USING btree (source_id, title_key) WHERE (title_key IS NOT NULL);
alter table sightings enable row level security;
alter table sightings force row level security;
create policy owner on sightings for all to current_user using (true) with check (true);
create policy visible on sightings for all to cid_app using (((tenant_id IS NULL) OR (tenant_id = ( SELECT app_tenant() AS app_tenant))));
create policy worker on sightings for all to cid_worker using (true) with check (true);
grant select on sightings to cid_app;
grant insert, select on sightings to cid_worker;

create table sources (
  id uuid not null,
  tenant_id uuid,
  kind text not null,
  url text not null,
  config jsonb default '{}'::jsonb not null,
  cursor text default ''::text not null,
  title text default ''::text not null,
  publisher text default ''::text not null,
  site text default ''::text not null,
  vetted boolean default false not null,
  sample boolean default false not null,
  state text default 'active'::text not null,
  quarantined_until timestamp with time zone,
  quarantined_since timestamp with time zone,
  outcome text,
  cause text default ''::text not null,
  outcome_detail text default ''::text not null,
  etag text default ''::text not null,
  last_modified text default ''::text not null,
  body_sha bytea,
  same_sha bytea,
  memory bytea default '\x'::bytea not null,
  volatile_polls integer default 0 not null,
  by_title boolean default false not null,
  whole_at timestamp with time zone,
  validators_lie boolean default false not null,
  failures integer default 0 not null,
  strikes integer default 0 not null,
  quarantines integer default 0 not null,
  interval_s integer default 900 not null,
  interval_why text default ''::text not null,
  gap_s real,
  hints jsonb default '{}'::jsonb not null,
  gone_since timestamp with time zone,
  moved_to text default ''::text not null,
  moved_since timestamp with time zone,
  moved_polls integer default 0 not null,
  moved_announced boolean default false not null,
  former_url text default ''::text not null,
  polled_at timestamp with time zone,
  last_new_at timestamp with time zone,
  next_poll_at timestamp with time zone default cid_now() not null,
  created_at timestamp with time zone default cid_now() not null,
  constraint sources_pkey PRIMARY KEY (id),
  constraint sources_check CHECK (((state = 'quarantined'::text) = (quarantined_until IS NOT NULL))),
  constraint sources_interval_s_check CHECK (((interval_s >= 1) AND (interval_s <= 2592000))),
  constraint sources_kind_check CHECK ((kind = ANY (ARRAY['rss'::text, 'google_news'::text, 'gdelt'::text, 'serpapi'::text, 'x'::text, 'telegram'::text, 'telegram_bot'::text, 'page'::text, 'sample'::text]))),
  constraint sources_outcome_check CHECK ((outcome = ANY (ARRAY['new'::text, 'empty'::text, 'not_modified'::text, 'blocked'::text, 'rate_limited'::text, 'gone'::text, 'broken'::text, 'unreachable'::text]))),
  constraint sources_state_check CHECK ((state = ANY (ARRAY['active'::text, 'quarantined'::text, 'retired'::text]))),
  constraint sources_url_check CHECK ((length(url) <= 2000)),
  constraint sources_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX sources_due ON public.sources USING btree (next_poll_at) WHERE (state <> 'retired'::text);
CREATE UNIQUE INDEX sources_private_url ON public.sources USING btree (tenant_id, kind, url, md5((config)::text)) WHERE (tenant_id IS NOT NULL);
CREATE UNIQUE INDEX sources_public_url ON public.sources USING btree (kind, url, md5((config)::text)) WHERE (tenant_id IS NULL);
CREATE UNIQUE INDEX sources_sole ON public.sources USING btree (kind, url) WHERE ((kind = 'telegram_bot'::text) AND (state <> 'retired'::text));
CREATE INDEX sources_unpaid ON public.sources USING btree (tenant_id) WHERE (cause = 'budget'::text);
alter table sources enable row level security;
alter table sources force row level security;
create policy owner on sources for all to current_user using (true) with check (true);
create policy visible on sources for all to cid_app using (((tenant_id IS NULL) OR (tenant_id = ( SELECT app_tenant() AS app_tenant))));
create policy worker on sources for all to cid_worker using (true) with check (true);
grant select on sources to cid_app;
grant insert, select, update on sources to cid_worker;

create table stories (
  id uuid not null,
  words text[] not null,
  weights double precision[] default '{}'::double precision[] not null,
  mass integer default 0 not null,
  faces text[] default '{}'::text[] not null,
  voices bigint[] default '{}'::bigint[] not null,
  items integer default 0 not null,
  publishers integer default 0 not null,
  last_new_publisher_at timestamp with time zone default cid_now() not null,
  last_item_at timestamp with time zone default cid_now() not null,
  sample boolean default false not null,
  merged_into uuid,
  follows uuid,
  created_at timestamp with time zone default cid_now() not null,
  constraint stories_pkey PRIMARY KEY (id),
  constraint stories_follows_fkey FOREIGN KEY (follows) REFERENCES stories(id),
  constraint stories_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES stories(id)
);
CREATE INDEX stories_followed ON public.stories USING btree (follows) WHERE (follows IS NOT NULL);
CREATE INDEX stories_merged ON public.stories USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX stories_recent ON public.stories USING btree (last_item_at);
grant insert, select, update on stories to cid_worker;

create table story_keys (
  key bigint not null,
  level smallint default 0 not null,
  story_id uuid not null,
  constraint story_keys_pkey PRIMARY KEY (key, level, story_id)
);
grant delete, insert, select, update on story_keys to cid_worker;

create table story_publishers (
  story_id uuid not null,
  publisher text not null,
  at timestamp with time zone not null,
  constraint story_publishers_pkey PRIMARY KEY (story_id, publisher),
  constraint story_publishers_story_id_fkey FOREIGN KEY (story_id) REFERENCES stories(id) ON DELETE CASCADE
);
grant delete, insert, select, update on story_publishers to cid_worker;

create table subscriptions (
  tenant_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  trust numeric(3,2) default 0.70 not null,
  role text default 'news'::text not null,
  interval_s integer,
  full_text boolean default true not null,
  replace_itself boolean default false not null,
  active boolean default true not null,
  created_at timestamp with time zone default cid_now() not null,
  constraint subscriptions_pkey PRIMARY KEY (tenant_id, id),
  constraint subscriptions_tenant_id_source_id_key UNIQUE (tenant_id, source_id),
  constraint subscriptions_interval_s_check CHECK (((interval_s >= 120) AND (interval_s <= 2592000))),
  constraint subscriptions_role_check CHECK ((role = ANY (ARRAY['news'::text, 'competitor'::text]))),
  constraint subscriptions_tenant_id_check CHECK ((tenant_id <> house())),
  constraint subscriptions_trust_check CHECK (((trust >= (0)::numeric) AND (trust <= (1)::numeric))),
  constraint subscriptions_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id),
  constraint subscriptions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX subscriptions_source ON public.subscriptions USING btree (source_id) WHERE active;
alter table subscriptions enable row level security;
alter table subscriptions force row level security;
create policy owner on subscriptions for all to current_user using (true) with check (true);
create policy tenant on subscriptions for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check (((tenant_id = ( SELECT app_tenant() AS app_tenant)) AND (EXISTS ( SELECT FROM sources s WHERE (s.id = subscriptions.source_id)))));
create policy worker on subscriptions for all to cid_worker using (true) with check (true);
grant insert, select, update (trust, role, active) on subscriptions to cid_app;
grant insert, select, update on subscriptions to cid_worker;

create table tenants (
  id uuid not null,
  slug text not null,
  name text not null,
  desks text[] default '{publishing}'::text[] not null,
  sample boolean default false not null,
  reserved boolean default false not null,
  replace_sources boolean default false not null,
  zone text default 'UTC'::text not null,
  paused_at timestamp with time zone,
  paused_by uuid,
  pause_reason text default ''::text not null,
  deletion_asked_at timestamp with time zone,
  deletion_asked_by uuid,
  stopped_at timestamp with time zone,
  stopped_by uuid,
  stop_reason text default ''::text not null,
  link_hours smallint default 72 not null,
  disclosure text default 'disclose'::text not null,
  responsible text default ''::text not null,
  review_seconds smallint default 60 not null,
  created_at timestamp with time zone default cid_now() not null,
  constraint tenants_pkey PRIMARY KEY (id),
  constraint tenants_slug_key UNIQUE (slug),
  constraint tenants_desks_check CHECK ((desks <@ '{publishing,tracker,analysis}'::text[])),
  constraint tenants_disclosure_check CHECK ((disclosure = ANY (ARRAY['disclose'::text, 'editorial-responsibility'::text]))),
  constraint tenants_link_hours_check CHECK (((link_hours >= 1) AND (link_hours <= 168))),
  constraint tenants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  constraint tenants_responsible_check CHECK ((length(responsible) <= 200)),
  constraint tenants_review_seconds_check CHECK (((review_seconds >= 10) AND (review_seconds <= 3600))),
  constraint tenants_slug_check CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'::text))
);
alter table tenants enable row level security;
alter table tenants force row level security;
create policy owner on tenants for all to current_user using (true) with check (true);
create policy tenant on tenants for all to cid_app using ((id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on tenants for all to cid_worker using (true) with check (true);
grant select, update (stopped_at, stopped_by, stop_reason, link_hours, disclosure, responsible, review_seconds) on tenants to cid_app;
grant insert, select, update on tenants to cid_worker;

create table term_uses (
  key bigint not null,
  titles integer not null,
  constraint term_uses_pkey PRIMARY KEY (key)
) with (fillfactor=70);
grant delete, insert, select, update on term_uses to cid_worker;

create table traces (
  tenant_id uuid not null,
  version_id uuid not null,
  draft_id uuid not null,
  title text not null,
  headings bigint[] not null,
  sentences bigint[] not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint traces_pkey PRIMARY KEY (tenant_id, version_id),
  constraint traces_tenant_id_draft_id_fkey FOREIGN KEY (tenant_id, draft_id) REFERENCES drafts(tenant_id, id),
  constraint traces_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint traces_tenant_id_version_id_fkey FOREIGN KEY (tenant_id, version_id) REFERENCES versions(tenant_id, id)
);
alter table traces enable row level security;
alter table traces force row level security;
create policy owner on traces for all to current_user using (true) with check (true);
create policy tenant on traces for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on traces to cid_app;

create table track_faults (
  tenant_id uuid not null,
  id uuid not null,
  screening_id uuid not null,
  kind text not null,
  error text default ''::text not null,
  alone boolean default false not null,
  final boolean default false not null,
  user_id uuid,
  at timestamp with time zone default cid_now() not null,
  constraint track_faults_pkey PRIMARY KEY (tenant_id, id),
  constraint track_faults_kind_check CHECK ((kind = ANY (ARRAY['left_out'::text, 'unusable'::text, 'category'::text, 'region'::text, 'summary'::text, 'answer'::text, 'timeout'::text, 'outage'::text, 'settings'::text, 'unseen'::text, 'retried'::text]))),
  constraint track_faults_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint track_faults_tenant_id_screening_id_fkey FOREIGN KEY (tenant_id, screening_id) REFERENCES screenings(tenant_id, id),
  constraint track_faults_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX track_faults_recent ON public.track_faults USING btree (tenant_id, at);
CREATE INDEX track_faults_screening ON public.track_faults USING btree (tenant_id, screening_id, id);
CREATE INDEX track_faults_user ON public.track_faults USING btree (user_id) WHERE (user_id IS NOT NULL);
alter table track_faults enable row level security;
alter table track_faults force row level security;
create policy owner on track_faults for all to current_user using (true) with check (true);
create policy tenant on track_faults for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on track_faults for all to cid_worker using (true) with check (true);
grant insert, select on track_faults to cid_app;
grant select on track_faults to cid_worker;

create table trackers (
  tenant_id uuid not null,
  body jsonb not null,
  rule jsonb,
  rule_by uuid,
  rule_at timestamp with time zone,
  changed_at timestamp with time zone default cid_now() not null,
  constraint trackers_pkey PRIMARY KEY (tenant_id),
  constraint trackers_check CHECK ((((rule IS NULL) = (rule_by IS NULL)) AND ((rule IS NULL) = (rule_at IS NULL)))),
  constraint trackers_rule_by_fkey FOREIGN KEY (rule_by) REFERENCES users(id),
  constraint trackers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX trackers_rule_by ON public.trackers USING btree (rule_by) WHERE (rule_by IS NOT NULL);
alter table trackers enable row level security;
alter table trackers force row level security;
create policy owner on trackers for all to current_user using (true) with check (true);
create policy tenant on trackers for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on trackers for all to cid_worker using (true) with check (true);
grant insert, select, update (body, rule, rule_by, rule_at, changed_at) on trackers to cid_app;
grant insert, select, update on trackers to cid_worker;

create table trial_subjects (
  tenant_id uuid not null,
  trial_id uuid not null,
  call_id uuid not null,
  id text not null,
  subject text not null,
  before jsonb,
  after jsonb,
  error text default ''::text not null,
  before_score integer,
  after_score integer,
  before_verdict text default ''::text not null,
  after_verdict text default ''::text not null,
  after_call uuid,
  constraint trial_subjects_pkey PRIMARY KEY (tenant_id, trial_id, call_id, id),
  constraint trial_subjects_tenant_id_trial_id_fkey FOREIGN KEY (tenant_id, trial_id) REFERENCES trials(tenant_id, id)
);
alter table trial_subjects enable row level security;
alter table trial_subjects force row level security;
create policy owner on trial_subjects for all to current_user using (true) with check (true);
create policy tenant on trial_subjects for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on trial_subjects for all to cid_worker using (true) with check (true);
grant insert, select, update (after, error, after_score, after_verdict, after_call) on trial_subjects to cid_app;
grant select on trial_subjects to cid_worker;

create table trials (
  tenant_id uuid not null,
  id uuid not null,
  prompt text not null,
  version text not null,
  last integer not null,
  state text default 'waiting'::text not null,
  why text default ''::text not null,
  total integer default 0 not null,
  offline boolean default false not null,
  asked_by uuid,
  made_at timestamp with time zone default cid_now() not null,
  ended_at timestamp with time zone,
  constraint trials_pkey PRIMARY KEY (tenant_id, id),
  constraint trials_last_check CHECK (((last >= 1) AND (last <= 1000))),
  constraint trials_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text]))),
  constraint trials_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES users(id),
  constraint trials_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE UNIQUE INDEX trials_one ON public.trials USING btree (tenant_id, prompt, version) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
alter table trials enable row level security;
alter table trials force row level security;
create policy owner on trials for all to current_user using (true) with check (true);
create policy tenant on trials for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on trials for all to cid_worker using (true) with check (true);
grant insert, select, update (state, why, total, offline, ended_at) on trials to cid_app;
grant select on trials to cid_worker;

create table users (
  id uuid not null,
  email text not null,
  name text default ''::text not null,
  password_hash text,
  admin boolean default false not null,
  totp text default ''::text not null,
  totp_step bigint,
  recovery bytea[] default '{}'::bytea[] not null,
  zone text default ''::text not null,
  disabled_at timestamp with time zone,
  created_at timestamp with time zone default cid_now() not null,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_email_key UNIQUE (email),
  constraint users_email_check CHECK (((email = lower(email)) AND (email ~~ '_%@_%'::text) AND (length(email) <= 254)))
);
grant insert, select, update on users to cid_worker;

create table verdicts (
  id uuid not null,
  tenant_id uuid not null,
  item_id uuid,
  story_id uuid not null,
  screening_id uuid,
  desk text default 'publishing'::text not null,
  gate text not null,
  outcome text not null,
  reason text not null,
  detail text default ''::text not null,
  score numeric(6,2),
  signals jsonb default '{}'::jsonb not null,
  call_id uuid,
  cost numeric(18,12),
  config bytea,
  at timestamp with time zone default cid_now() not null,
  constraint verdicts_pkey PRIMARY KEY (id),
  constraint verdicts_desk_check CHECK ((desk = ANY (ARRAY['publishing'::text, 'tracker'::text]))),
  constraint verdicts_gate_check CHECK ((gate = ANY (ARRAY['rules'::text, 'relevance'::text, 'signal'::text, 'evidence'::text, 'fit'::text, 'draft'::text, 'review'::text, 'track'::text]))),
  constraint verdicts_outcome_check CHECK ((outcome = ANY (ARRAY['pass'::text, 'drop'::text])))
) partition by RANGE (id);
CREATE INDEX verdicts_item ON ONLY public.verdicts USING btree (tenant_id, item_id);
CREATE INDEX verdicts_listed ON ONLY public.verdicts USING btree (tenant_id, gate, at DESC, id DESC);
CREATE INDEX verdicts_reason ON ONLY public.verdicts USING btree (tenant_id, reason, at DESC, id DESC);
CREATE INDEX verdicts_recent ON ONLY public.verdicts USING btree (tenant_id, at DESC) INCLUDE (gate, outcome, reason);
CREATE INDEX verdicts_screening ON ONLY public.verdicts USING btree (tenant_id, screening_id);
alter table verdicts enable row level security;
alter table verdicts force row level security;
create policy owner on verdicts for all to current_user using (true) with check (true);
create policy tenant on verdicts for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
create policy worker on verdicts for all to cid_worker using (true) with check (true);
grant insert, select on verdicts to cid_app;
grant select on verdicts to cid_worker;

create table versions (
  tenant_id uuid not null,
  id uuid not null,
  draft_id uuid not null,
  number integer not null,
  author text not null,
  author_id uuid,
  call_id uuid,
  provider text default ''::text not null,
  revises uuid,
  article text not null,
  payloads text not null,
  sha256 bytea not null,
  renderer text not null,
  made_at timestamp with time zone default cid_now() not null,
  constraint versions_pkey PRIMARY KEY (tenant_id, id),
  constraint versions_tenant_id_draft_id_id_sha256_key UNIQUE (tenant_id, draft_id, id, sha256),
  constraint versions_tenant_id_draft_id_number_key UNIQUE (tenant_id, draft_id, number),
  constraint versions_author_check CHECK ((author = ANY (ARRAY['machine'::text, 'person'::text]))),
  constraint versions_check CHECK ((sha256 = sha256(convert_to(payloads, 'UTF8'::name)))),
  constraint versions_check1 CHECK (((author = 'person'::text) = (author_id IS NOT NULL))),
  constraint versions_check2 CHECK (((revises IS NULL) OR (author = 'machine'::text))),
  constraint versions_number_check CHECK ((number > 0)),
  constraint versions_author_id_fkey FOREIGN KEY (author_id) REFERENCES users(id),
  constraint versions_tenant_id_draft_id_fkey FOREIGN KEY (tenant_id, draft_id) REFERENCES drafts(tenant_id, id),
  constraint versions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE UNIQUE INDEX versions_revision ON public.versions USING btree (tenant_id, draft_id) WHERE (revises IS NOT NULL);
alter table versions enable row level security;
alter table versions force row level security;
create policy owner on versions for all to current_user using (true) with check (true);
create policy tenant on versions for all to cid_app using ((tenant_id = ( SELECT app_tenant() AS app_tenant))) with check ((tenant_id = ( SELECT app_tenant() AS app_tenant)));
grant insert, select on versions to cid_app;

create table workers (
  id uuid not null,
  host text not null,
  pid integer not null,
  version text not null,
  kinds text[] default '{}'::text[] not null,
  parts jsonb default '{}'::jsonb not null,
  started_at timestamp with time zone default cid_now() not null,
  beat_at timestamp with time zone default cid_now() not null,
  constraint workers_pkey PRIMARY KEY (id)
) with (fillfactor=50);
grant select (id, host, pid, beat_at) on workers to cid_app;
grant delete, insert, select, update on workers to cid_worker;

create view inspect.call_shares with (security_invoker=true) as
  SELECT c.id AS call_id,
    c.tenant_id,
    c.stage,
    c.state,
    c.sent_at,
    s.subject,
    COALESCE(d.screening_id, v.subject_id) AS screening_id,
    (trunc((COALESCE(c.cost, (0)::numeric) / (s.of)::numeric), 12) +
        CASE
            WHEN (s.n = 1) THEN (COALESCE(c.cost, (0)::numeric) - ((s.of)::numeric * trunc((COALESCE(c.cost, (0)::numeric) / (s.of)::numeric), 12)))
            ELSE (0)::numeric
        END) AS spent
   FROM ((((calls c
     CROSS JOIN LATERAL ( SELECT a.n,
            (a.subject ->> 1) AS subject,
            jsonb_array_length(c.subjects) AS of
           FROM jsonb_array_elements(c.subjects) WITH ORDINALITY a(subject, n)
        UNION ALL
         SELECT 1,
            NULL::text,
            1
          WHERE (jsonb_array_length(c.subjects) = 0)) s)
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (s.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text) THEN (s.subject)::uuid
                    ELSE NULL::uuid
                END AS subject_id) v)
     LEFT JOIN versions w ON (((w.tenant_id = c.tenant_id) AND (w.id = v.subject_id))))
     LEFT JOIN drafts d ON (((d.tenant_id = w.tenant_id) AND (d.id = w.draft_id))));
grant select on inspect.call_shares to cid_app;

create view inspect.costs with (security_invoker=true) as
  SELECT t.slug AS tenant,
    ((c.sent_at AT TIME ZONE 'UTC'::text))::date AS day,
    c.stage,
    ((c.provider || '/'::text) || c.model) AS model,
    count(*) AS calls,
    count(*) FILTER (WHERE (c.state = ANY (ARRAY['failed'::text, 'ambiguous'::text]))) AS unanswered,
    sum(COALESCE(c.cost, (0)::numeric)) AS spent,
    sum(
        CASE c.state
            WHEN 'sent'::text THEN c.reserved
            ELSE (0)::numeric
        END) AS reserved,
    c.tenant_id
   FROM (calls c
     LEFT JOIN tenants t ON ((t.id = c.tenant_id)))
  GROUP BY t.slug, (((c.sent_at AT TIME ZONE 'UTC'::text))::date), c.stage, c.provider, c.model, c.tenant_id;
grant select on inspect.costs to cid_app;
grant select on inspect.costs to cid_worker;

create view inspect.item_state with (security_invoker=true) as
  SELECT t.slug AS tenant,
    s.item_id,
    s.id AS screening_id,
    i.title,
        CASE
            WHEN (s.state = 'passed'::text) THEN 'processed'::text
            WHEN (s.state = ANY (ARRAY['dropped'::text, 'failed'::text])) THEN s.state
            WHEN (EXISTS ( SELECT
               FROM jobs j
              WHERE ((j.tenant_id = s.tenant_id) AND (j.kind = 'track'::text) AND (j.state = 'running'::text) AND ((j.payload ->> 'screening'::text) = (s.id)::text)))) THEN 'processing'::text
            ELSE 'scraped'::text
        END AS state,
    s.waiting_for,
    (f.faults +
        CASE
            WHEN (v.at IS NULL) THEN 0
            ELSE 1
        END) AS attempts,
    COALESCE(f.last_error, ''::text) AS last_error,
    GREATEST(f.last_at, v.at) AS last_attempt,
    s.opened_at,
    s.tenant_id
   FROM ((((screenings s
     JOIN tenants t ON ((t.id = s.tenant_id)))
     JOIN items i ON ((i.id = s.item_id)))
     LEFT JOIN LATERAL ( SELECT count(*) FILTER (WHERE (x.kind <> 'retried'::text)) AS faults,
            max(x.at) FILTER (WHERE (x.kind <> 'retried'::text)) AS last_at,
            (array_agg(x.error ORDER BY x.at DESC, x.id DESC) FILTER (WHERE (x.kind <> 'retried'::text)))[1] AS last_error
           FROM track_faults x
          WHERE ((x.tenant_id = s.tenant_id) AND (x.screening_id = s.id))) f ON (true))
     LEFT JOIN LATERAL ( SELECT max(w.at) AS at
           FROM verdicts w
          WHERE ((w.tenant_id = s.tenant_id) AND (w.screening_id = s.id) AND (w.gate = 'track'::text) AND (w.call_id IS NOT NULL))) v ON (true))
  WHERE ((s.desk = 'tracker'::text) AND (s.merged_into IS NULL));
grant select on inspect.item_state to cid_worker;

create view inspect.items_by_state with (security_invoker=true) as
  SELECT t.slug AS tenant,
    n.state,
    count(s.id) AS items,
    s.tenant_id
   FROM ((screenings s
     JOIN tenants t ON ((t.id = s.tenant_id)))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (s.state = 'passed'::text) THEN 'processed'::text
                    WHEN (s.state = ANY (ARRAY['dropped'::text, 'failed'::text])) THEN s.state
                    WHEN (EXISTS ( SELECT
                       FROM jobs j
                      WHERE ((j.tenant_id = s.tenant_id) AND (j.kind = 'track'::text) AND (j.state = 'running'::text) AND ((j.payload ->> 'screening'::text) = (s.id)::text)))) THEN 'processing'::text
                    ELSE 'scraped'::text
                END AS state) n)
  WHERE ((s.desk = 'tracker'::text) AND (s.merged_into IS NULL))
  GROUP BY t.slug, n.state, s.tenant_id;
grant select on inspect.items_by_state to cid_worker;

create view inspect.jobs_dead with (security_invoker=true) as
  SELECT d.id,
    d.kind,
    t.slug AS tenant,
    d.key,
    d.priority,
    d.attempt,
    d.error,
    d.payload,
    d.created_at,
    d.died_at,
    d.tenant_id
   FROM (jobs_dead d
     LEFT JOIN tenants t ON ((t.id = d.tenant_id)));
grant select on inspect.jobs_dead to cid_app;
grant select on inspect.jobs_dead to cid_worker;

create view inspect.jobs_now with (security_invoker=true) as
  SELECT j.id,
    j.kind,
    j.state,
    t.slug AS tenant,
    j.key,
    j.priority,
    j.attempt,
    j.run_at,
    (cid_now() - j.run_at) AS waited,
    j.deadline,
    w.host,
    w.pid,
    j.cancel,
    j.dedupe_key,
    j.payload,
    j.error,
    j.created_at,
    j.tenant_id,
    (EXISTS ( SELECT
           FROM pauses p
          WHERE ((p.kind = ANY (ARRAY[j.kind, '*'::text])) AND (p.tenant_id = ANY (ARRAY[j.tenant_id, '00000000-0000-0000-0000-000000000000'::uuid]))))) AS paused
   FROM ((jobs j
     LEFT JOIN workers w ON ((w.id = j.worker)))
     LEFT JOIN tenants t ON ((t.id = j.tenant_id)));
grant select on inspect.jobs_now to cid_app;
grant select on inspect.jobs_now to cid_worker;

create view inspect.jobs_running with (security_invoker=true) as
  SELECT j.id,
    j.kind,
    t.slug AS tenant,
    j.key,
    j.attempt,
    w.host,
    w.pid,
    j.started_at,
    j.deadline,
    w.beat_at,
    j.cancel,
    j.tenant_id
   FROM ((jobs j
     LEFT JOIN workers w ON ((w.id = j.worker)))
     LEFT JOIN tenants t ON ((t.id = j.tenant_id)))
  WHERE (j.state = 'running'::text);
grant select on inspect.jobs_running to cid_worker;

create view inspect.jobs_stuck with (security_invoker=true) as
  SELECT j.id,
    j.kind,
    j.state,
    j.tenant,
    j.key,
    j.priority,
    j.attempt,
    j.run_at,
    j.waited,
    j.deadline,
    j.host,
    j.pid,
    j.cancel,
    j.dedupe_key,
    j.payload,
    j.error,
    j.created_at,
    j.tenant_id,
    j.paused,
    s.why
   FROM (inspect.jobs_now j
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN ((j.state = 'running'::text) AND (j.deadline < cid_now())) THEN 'past its deadline'::text
                    WHEN ((j.state = 'running'::text) AND (NOT (EXISTS ( SELECT
                       FROM (jobs r
                         JOIN workers w ON ((w.id = r.worker)))
                      WHERE ((r.id = j.id) AND (w.beat_at > (cid_now() - '00:00:30'::interval))))))) THEN 'its process is silent'::text
                    WHEN ((j.state = 'scheduled'::text) AND (j.run_at < (cid_now() - '00:00:30'::interval))) THEN 'due, and nobody moved it'::text
                    WHEN ((j.state = 'ready'::text) AND (NOT j.paused) AND (j.run_at < (cid_now() - '00:10:00'::interval))) THEN 'ready, and nobody claims it'::text
                    ELSE NULL::text
                END AS why) s)
  WHERE (s.why IS NOT NULL);
grant select on inspect.jobs_stuck to cid_app;
grant select on inspect.jobs_stuck to cid_worker;

create view inspect.jobs_waiting with (security_invoker=true) as
  SELECT g.kind,
    t.slug AS tenant,
    g.key,
    g.ready,
    g.scheduled,
    g.oldest,
    (cid_now() - g.oldest) AS waited,
    g.tenant_id
   FROM (( SELECT j.kind,
            j.tenant_id,
            j.key,
            count(*) FILTER (WHERE (j.state = 'ready'::text)) AS ready,
            count(*) FILTER (WHERE (j.state = 'scheduled'::text)) AS scheduled,
            min(j.run_at) FILTER (WHERE (j.state = 'ready'::text)) AS oldest
           FROM jobs j
          WHERE (j.state <> 'running'::text)
          GROUP BY j.kind, j.tenant_id, j.key) g
     LEFT JOIN tenants t ON ((t.id = g.tenant_id)));
grant select on inspect.jobs_waiting to cid_worker;

create view inspect.partitions with (security_invoker=true) as
  SELECT (p.relname)::text AS parent,
    (c.relname)::text AS partition,
    b.starts,
    b.ends,
    pg_total_relation_size((c.oid)::regclass) AS bytes
   FROM (((pg_inherits i
     JOIN pg_class p ON (((p.oid = i.inhparent) AND (p.relkind = 'p'::"char") AND (p.relnamespace = ('public'::regnamespace)::oid))))
     JOIN pg_class c ON ((c.oid = i.inhrelid)))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (m.low ~~ '%:%'::text) THEN (m.low)::timestamp with time zone
                    ELSE to_timestamp(((((('x'::text || "left"(replace(m.low, '-'::text, ''::text), 12)))::bit(48))::bigint / 1000))::double precision)
                END AS starts,
                CASE
                    WHEN (m.high ~~ '%:%'::text) THEN (m.high)::timestamp with time zone
                    ELSE to_timestamp(((((('x'::text || "left"(replace(m.high, '-'::text, ''::text), 12)))::bit(48))::bigint / 1000))::double precision)
                END AS ends
           FROM ( SELECT x.x[1] AS low,
                    x.x[2] AS high
                   FROM regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.*)''\) TO \(''(.*)''\)'::text) x(x)) m) b);
grant select on inspect.partitions to cid_worker;

create view inspect.paused with (security_invoker=true) as
  SELECT p.kind,
    t.slug AS tenant,
    p.paused_at,
    (cid_now() - p.paused_at) AS lasted,
    p.tenant_id,
    ( SELECT count(*) AS count
           FROM jobs j
          WHERE ((j.state = 'ready'::text) AND ((p.kind = '*'::text) OR (j.kind = p.kind)) AND ((p.tenant_id = '00000000-0000-0000-0000-000000000000'::uuid) OR (j.tenant_id = p.tenant_id)))) AS held
   FROM (pauses p
     LEFT JOIN tenants t ON ((t.id = p.tenant_id)));
grant select on inspect.paused to cid_worker;

create view inspect.processes with (security_invoker=true) as
  SELECT host,
    pid,
    version,
    started_at,
    beat_at,
    (cid_now() - beat_at) AS silent,
    (beat_at > (cid_now() - '00:00:30'::interval)) AS alive,
    ( SELECT count(*) AS count
           FROM jobs j
          WHERE ((j.worker = w.id) AND (j.state = 'running'::text))) AS running,
    kinds,
    parts,
    id
   FROM workers w;
grant select on inspect.processes to cid_worker;

create view inspect.rates with (security_invoker=true) as
  SELECT split_part(l.key, ' '::text, 2) AS kind,
    t.slug AS tenant,
        CASE
            WHEN (split_part(l.key, ' '::text, 3) <> ''::text) THEN substr(l.key, (length(split_part(l.key, ' '::text, 2)) + 44))
            ELSE NULL::text
        END AS key,
    l.tat AS until,
    (l.tat - cid_now()) AS lasts,
    (NULLIF(split_part(l.key, ' '::text, 3), ''::text))::uuid AS tenant_id
   FROM (limits l
     LEFT JOIN tenants t ON ((t.id = (NULLIF(split_part(l.key, ' '::text, 3), ''::text))::uuid)))
  WHERE ((l.key ~~ 'jobs %'::text) AND (l.tat > cid_now()));
grant select on inspect.rates to cid_worker;

create view inspect.runs_miscounted with (security_invoker=true) as
  WITH kept AS (
         SELECT run_sums.tenant_id,
            run_sums.grain,
            run_sums.at,
            sum(run_sums.runs) AS runs,
            sum(run_sums.completed) AS completed,
            sum(run_sums.partial) AS partial,
            sum(run_sums.failed) AS failed,
            sum(run_sums.scored) AS scored,
            sum(run_sums.points) AS points,
            sum(run_sums.excellent) AS excellent,
            sum(run_sums.good) AS good,
            sum(run_sums.acceptable) AS acceptable,
            sum(run_sums.poor) AS poor,
            sum(run_sums.failing) AS failing
           FROM run_sums
          WHERE ((run_sums.grain = 'ever'::text) OR ((run_sums.grain = 'day'::text) AND (run_sums.at >= (date_trunc('day'::text, cid_now(), 'UTC'::text) - '35 days'::interval))) OR ((run_sums.grain = 'hour'::text) AND (run_sums.at >= (date_trunc('hour'::text, cid_now(), 'UTC'::text) - '2 days'::interval))))
          GROUP BY run_sums.tenant_id, run_sums.grain, run_sums.at
        )
 SELECT t.slug AS tenant,
    grain,
    at,
    (COALESCE(k.runs, (0)::numeric))::bigint AS counted,
    COALESCE(r.runs, (0)::bigint) AS runs
   FROM ((recounted_runs r
     FULL JOIN kept k USING (tenant_id, grain, at))
     LEFT JOIN tenants t ON ((t.id = tenant_id)))
  WHERE ((COALESCE(k.runs, (0)::numeric) <> (COALESCE(r.runs, (0)::bigint))::numeric) OR (COALESCE(k.completed, (0)::numeric) <> (COALESCE(r.completed, (0)::bigint))::numeric) OR (COALESCE(k.partial, (0)::numeric) <> (COALESCE(r.partial, (0)::bigint))::numeric) OR (COALESCE(k.failed, (0)::numeric) <> (COALESCE(r.failed, (0)::bigint))::numeric) OR (COALESCE(k.scored, (0)::numeric) <> (COALESCE(r.scored, (0)::bigint))::numeric) OR (COALESCE(k.points, (0)::numeric) <> (COALESCE(r.points, (0)::bigint))::numeric) OR (COALESCE(k.excellent, (0)::numeric) <> (COALESCE(r.excellent, (0)::bigint))::numeric) OR (COALESCE(k.good, (0)::numeric) <> (COALESCE(r.good, (0)::bigint))::numeric) OR (COALESCE(k.acceptable, (0)::numeric) <> (COALESCE(r.acceptable, (0)::bigint))::numeric) OR (COALESCE(k.poor, (0)::numeric) <> (COALESCE(r.poor, (0)::bigint))::numeric) OR (COALESCE(k.failing, (0)::numeric) <> (COALESCE(r.failing, (0)::bigint))::numeric));
grant select on inspect.runs_miscounted to cid_worker;

create view inspect.story_costs with (security_invoker=true) as
  SELECT t.slug AS tenant,
    s.id AS screening_id,
    s.item_id,
    d.id AS draft_id,
    count(DISTINCT c.call_id) AS calls,
    count(DISTINCT c.call_id) FILTER (WHERE (c.state = ANY (ARRAY['failed'::text, 'ambiguous'::text]))) AS unanswered,
    sum(c.spent) AS spent,
    c.tenant_id
   FROM (((inspect.call_shares c
     LEFT JOIN tenants t ON ((t.id = c.tenant_id)))
     LEFT JOIN screenings s ON (((s.tenant_id = c.tenant_id) AND (s.id = c.screening_id))))
     LEFT JOIN drafts d ON (((d.tenant_id = s.tenant_id) AND (d.screening_id = s.id) AND (d.update_of IS NULL))))
  GROUP BY t.slug, s.id, s.item_id, d.id, c.tenant_id;
grant select on inspect.story_costs to cid_app;

create view inspect.story_reports with (security_invoker=true) as
  SELECT i.story_id,
    COALESCE(NULLIF(g.publisher, ''::text), NULLIF(o.publisher, ''::text), NULLIF(o.title, ''::text), o.url) AS publisher,
    LEAST(COALESCE(i.published_at, i.first_seen_at), i.first_seen_at) AS at,
    i.band,
    i.likeness,
    i.title,
    i.id AS item_id,
    o.vetted,
    (o.tenant_id IS NOT NULL) AS private,
    o.id AS source_id
   FROM ((items i
     JOIN sightings g ON ((g.item_id = i.id)))
     JOIN sources o ON ((o.id = g.source_id)));
grant select on inspect.story_reports to cid_worker;

create view inspect.story_spread with (security_invoker=true) as
  WITH firsts AS (
         SELECT r.story_id,
            r.publisher,
            min(r.at) AS at
           FROM inspect.story_reports r
          WHERE (NOT r.private)
          GROUP BY r.story_id, r.publisher
        ), counted AS (
         SELECT f.story_id,
            f.publisher,
            f.at,
            count(*) OVER (PARTITION BY f.story_id ORDER BY f.at RANGE BETWEEN '02:00:00'::interval PRECEDING AND CURRENT ROW) AS within
           FROM firsts f
        )
 SELECT story_id,
    count(*) AS publishers,
    max(within) AS within_2h,
    (array_agg(publisher ORDER BY at, publisher))[1] AS first,
    min(at) AS at
   FROM counted c
  GROUP BY story_id;
grant select on inspect.story_spread to cid_worker;

create view inspect.waiting_for_money with (security_invoker=true) as
  SELECT t.slug AS tenant,
    j.kind,
    j.error AS why,
    count(*) AS jobs,
    min(j.run_at) AS until,
    j.tenant_id
   FROM (jobs j
     LEFT JOIN tenants t ON ((t.id = j.tenant_id)))
  WHERE ((j.state = 'scheduled'::text) AND ((j.error ~~ '% for % is used up'::text) OR (j.error ~~ 'models are switched off: %'::text)))
  GROUP BY t.slug, j.kind, j.error, j.tenant_id
UNION ALL
 SELECT t.slug AS tenant,
    'poll'::text AS kind,
    o.outcome_detail AS why,
    count(*) AS jobs,
    min(o.next_poll_at) AS until,
    o.tenant_id
   FROM (sources o
     JOIN tenants t ON ((t.id = o.tenant_id)))
  WHERE ((o.cause = 'budget'::text) AND (o.state = 'active'::text) AND (o.next_poll_at > cid_now()))
  GROUP BY t.slug, o.outcome_detail, o.tenant_id;
grant select on inspect.waiting_for_money to cid_app;
grant select on inspect.waiting_for_money to cid_worker;

create view public_entries with (security_invoker=true) as
  SELECT tenant_id,
    id,
    category,
    regions,
    title,
    summary,
    url,
    published_at,
    sample,
    made_at,
    changed_at
   FROM entries
  WHERE (state = 'approved'::text);
grant select on public_entries to cid_app;

create view recounted_runs with (security_invoker=true) as
  WITH hours AS (
         SELECT runs.tenant_id,
            date_trunc('hour'::text, runs.created_at, 'UTC'::text) AS at,
            count(*) AS runs,
            count(*) FILTER (WHERE (runs.state = 'completed'::text)) AS completed,
            count(*) FILTER (WHERE (runs.state = 'partial'::text)) AS partial,
            count(*) FILTER (WHERE (runs.state = 'failed'::text)) AS failed,
            count(runs.score) AS scored,
            COALESCE(sum(runs.score), (0)::bigint) AS points,
            count(*) FILTER (WHERE (runs.rating = 'excellent'::text)) AS excellent,
            count(*) FILTER (WHERE (runs.rating = 'good'::text)) AS good,
            count(*) FILTER (WHERE (runs.rating = 'acceptable'::text)) AS acceptable,
            count(*) FILTER (WHERE (runs.rating = 'poor'::text)) AS poor,
            count(*) FILTER (WHERE (runs.rating = 'failing'::text)) AS failing
           FROM runs
          GROUP BY runs.tenant_id, (date_trunc('hour'::text, runs.created_at, 'UTC'::text))
        )
 SELECT h.tenant_id,
    g.grain,
    g.at,
    (sum(h.runs))::bigint AS runs,
    (sum(h.completed))::bigint AS completed,
    (sum(h.partial))::bigint AS partial,
    (sum(h.failed))::bigint AS failed,
    (sum(h.scored))::bigint AS scored,
    (sum(h.points))::bigint AS points,
    (sum(h.excellent))::bigint AS excellent,
    (sum(h.good))::bigint AS good,
    (sum(h.acceptable))::bigint AS acceptable,
    (sum(h.poor))::bigint AS poor,
    (sum(h.failing))::bigint AS failing
   FROM (hours h
     CROSS JOIN LATERAL ( VALUES ('ever'::text,'1970-01-01 00:00:00+00'::timestamp with time zone,true), ('day'::text,date_trunc('day'::text, h.at, 'UTC'::text),(h.at >= (date_trunc('day'::text, cid_now(), 'UTC'::text) - '35 days'::interval))), ('hour'::text,h.at,(h.at >= (date_trunc('hour'::text, cid_now(), 'UTC'::text) - '2 days'::interval)))) g(grain, at, read))
  WHERE g.read
  GROUP BY h.tenant_id, g.grain, g.at;
grant select on recounted_runs to cid_app;
grant select on recounted_runs to cid_worker;

create view visible_items with (security_invoker=true) as
  SELECT id,
    story_id,
    url,
    identity,
    title,
    summary,
    author,
    published_at,
    first_seen_at,
    sample
   FROM items;
grant select on visible_items to cid_app;
