-- What the start refuses. Each answers sentences, one per offence, and nothing when all is well. They read the catalogs only,
-- so every role may ask. $1 in the first two: the logins of app and worker.

-- name: powers
-- Row security does not hold a superuser or BYPASSRLS, nor a role that can become the owner.
select format('the role %s does not exist', w.name) as offence
from unnest($1::text[]) as w (name) where not exists (select from pg_roles r where r.rolname = w.name)
union all
select format('the role %s has %s', r.rolname, p.power)
from pg_roles r, lateral (values (r.rolsuper, 'SUPERUSER'), (r.rolbypassrls, 'BYPASSRLS'), (r.rolcreaterole, 'CREATEROLE'),
  (r.rolreplication, 'REPLICATION')) as p (has, power)
where r.rolname = any ($1::text[]) and p.has
union all
select format('the role %s can become %s', r.rolname, o.rolname)
from pg_roles r, pg_roles o
where r.rolname = any ($1::text[]) and not r.rolsuper and r.oid <> o.oid and pg_has_role(r.oid, o.oid, 'member')
  and (o.rolsuper or o.rolbypassrls or o.oid in (select c.relowner from pg_class c where c.oid = to_regclass('public.tenants')))
union all
select format('the role %s can become both cid_app and cid_worker', r.rolname)
from pg_roles r
where r.rolname = any ($1::text[]) and not r.rolsuper
  and pg_has_role(r.oid, to_regrole('cid_app')::oid, 'member') and pg_has_role(r.oid, to_regrole('cid_worker')::oid, 'member')
order by 1

-- name: possessions
-- An owner may drop policies; who creates objects may put one in front of ours.
select format('the role %s owns something in this database', r.rolname) as offence
from pg_roles r
where r.rolname = any ($1::text[])
  and exists (select from pg_shdepend d join pg_database b on b.datname = current_database() and d.dbid in (0, b.oid)
              where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o')
union all
select format('the role %s may create objects in the schema %s', r.rolname, n.nspname)
from pg_roles r, pg_namespace n
where r.rolname = any ($1::text[]) and not r.rolsuper and n.nspname in ('public', 'inspect')
  and has_schema_privilege(r.oid, n.oid, 'create')
order by 1

-- name: unforced
-- A table with a tenant and no policy of the owner's: its backfills would touch no row, in silence.
select format('the table %s has a tenant_id and is not under forced row security with a policy for its owner', c.relname) as offence
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace in ('public'::regnamespace, to_regnamespace('inspect'))
  and not (c.relrowsecurity and c.relforcerowsecurity
           and exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd = '*' and p.polpermissive
                         and c.relowner = any (p.polroles) and pg_get_expr(p.polqual, p.polrelid) = 'true'))
order by 1

-- name: open_policies
-- A policy for app that does not ask for the tenant shows it everybody's rows.
select format('the policy %s on %s does not ask for the tenant', p.polname, c.relname) as offence
from pg_policy p join pg_class c on c.oid = p.polrelid
where exists (select from unnest(p.polroles) as r (oid)
              where r.oid = 0 or (r.oid <> c.relowner and pg_has_role(to_regrole('cid_app')::oid, r.oid, 'member')))
  and (coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')) not like '%app_tenant()%'
order by 1

-- name: stray_grants
-- A partition has no policy of its own; what PUBLIC holds, nobody granted on purpose.
select format('%s holds %s on %s', case g.grantee when 0 then 'PUBLIC' else g.grantee::regrole::text end,
              string_agg(distinct g.privilege_type, ', ' order by g.privilege_type), c.relname) as offence
from pg_class c, lateral aclexplode(c.relacl) g
where c.relnamespace in ('public'::regnamespace, to_regnamespace('inspect')) and c.relkind in ('r', 'p', 'v', 'm', 'S')
  and g.grantee <> c.relowner and (c.relispartition or g.grantee = 0)
group by g.grantee, c.relname
order by 1

-- name: rewritable
-- No role but the owner changes what is append-only.
select format('%s may change rows of %s', r.rolname, c.relname) as offence
from pg_roles r, pg_class c
where r.rolname in ('cid_app', 'cid_worker') and not r.rolsuper and c.relnamespace = 'public'::regnamespace
  and c.relname in ('verdicts', 'versions', 'reviews', 'decisions', 'audit')
  and (has_table_privilege(r.oid, c.oid, 'delete, truncate') or has_any_column_privilege(r.oid, c.oid, 'update'))
order by 1

-- name: owners_eyes
-- A view looks with its owner's rights unless it says otherwise; a materialized one always does.
select format('the view %s is not security_invoker', c.relname) as offence
from pg_class c
where c.relnamespace in ('public'::regnamespace, to_regnamespace('inspect'))
  and (c.relkind = 'v' and not exists (select from pg_options_to_table(c.reloptions) o
                                       where o.option_name = 'security_invoker' and o.option_value in ('true', 'on', '1', 'yes'))
       or c.relkind = 'm' and exists (select from aclexplode(c.relacl) g where g.grantee <> c.relowner))
order by 1

-- name: loose_functions
-- A definer function without a search_path that ends in pg_temp can be made to use its caller's tables.
select format('the function %s is SECURITY DEFINER and %s', p.oid::regprocedure, w.why) as offence
from pg_proc p,
  lateral (values
    (not exists (select from unnest(p.proconfig) as s (setting) where s.setting ~ '^search_path=.*pg_temp"?$'),
     'its search_path does not end in pg_temp'),
    (exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g where g.grantee = 0 and g.privilege_type = 'EXECUTE'),
     'everybody may call it')) as w (bad, why)
where p.prosecdef and p.pronamespace in ('public'::regnamespace, to_regnamespace('inspect')) and w.bad
order by 1

-- name: missing_partitions
-- Those that new rows will want within a day and a half: the next month's, or the next day's where the parent goes by time.
select w.name
from pg_class c, pg_partitioned_table t, pg_attribute a,
  lateral (select c.relname || '_' || to_char((cid_now() + interval '36 hours') at time zone 'UTC',
                                              case a.atttypid when 'uuid'::regtype then 'YYYYMM' else 'YYYYMMDD' end) as name) w
where c.relkind = 'p' and c.relnamespace = 'public'::regnamespace and t.partrelid = c.oid
  and a.attrelid = c.oid and a.attnum = t.partattrs[0] and to_regclass('public.' || quote_ident(w.name)) is null
order by w.name

-- name: networks_down
-- Processes that find the world out of reach, and since when.
select host, pid, parts -> 'network' ->> 'since' as since from workers
where beat_at > cid_now() - interval '30 seconds' and parts ? 'network' order by host, pid

-- name: runs_miscounted
-- The first few tenants whose counts of runs are wrong.
select distinct tenant from inspect.runs_miscounted order by tenant limit 5
