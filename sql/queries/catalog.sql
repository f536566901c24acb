-- The schema as the catalogs tell it, for sql/schema.sql. Every list is in an order of ours, and nothing is asked for that 15 and 18
-- tell differently. Partitions are left out: which there are depends on the day. Each answers lines of one object.

-- name: functions
select n.nspname as schema, p.proname as name, pg_get_functiondef(p.oid) as definition, p.oid::regprocedure::text as signature
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'inspect') and p.prokind in ('f', 'p')
order by n.nspname, p.proname, p.oid::regprocedure::text

-- name: relations
-- Tables and partitioned parents.
select c.oid, n.nspname as schema, c.relname as name, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key, coalesce(c.reloptions, '{}') as options
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'inspect') and c.relkind in ('r', 'p') and not c.relispartition
order by n.nspname, c.relname

-- name: columns
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
       a.attidentity::text as identity, a.attgenerated::text as generated, pg_get_expr(d.adbin, d.adrelid) as expression
from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum

-- name: constraints
-- Without NOT NULL, which is a constraint from 18 on and stands with its column.
select conname as name, contype::text as type, pg_get_constraintdef(oid) as definition
from pg_constraint
where conrelid = $1 and contype in ('p', 'u', 'c', 'x', 'f') and conparentid = 0
order by array_position('{p,u,x,c,f}'::text[], contype::text), conname

-- name: indexes
-- Those that no constraint made.
select pg_get_indexdef(i.indexrelid) as definition
from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid = $1 and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
order by c.relname

-- name: policies
select p.polname as name, p.polpermissive as permissive,
       case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end as command,
       array(select case when r.oid = 0 then 'public' when r.oid = c.relowner then 'current_user' else r.oid::regrole::text end
             from unnest(p.polroles) as r (oid) order by 1) as roles,
       pg_get_expr(p.polqual, p.polrelid) as visible, pg_get_expr(p.polwithcheck, p.polrelid) as writable
from pg_policy p join pg_class c on c.oid = p.polrelid
where p.polrelid = $1 order by p.polname

-- name: grants
-- On a relation and on its columns, the owner's own apart.
select case g.grantee when 0 then 'public' else g.grantee::regrole::text end as role, lower(g.privilege_type) as privilege, g.columns
from (
  select x.grantee, x.privilege_type, null::text[] as columns
  from pg_class c, lateral aclexplode(c.relacl) x where c.oid = $1 and x.grantee <> c.relowner
  union all
  select x.grantee, x.privilege_type, array_agg(a.attname::text order by a.attnum)
  from pg_attribute a join pg_class c on c.oid = a.attrelid, lateral aclexplode(a.attacl) x
  where a.attrelid = $1 and x.grantee <> c.relowner group by x.grantee, x.privilege_type
) g
order by 1, 2, 3 nulls first

-- name: triggers
select pg_get_triggerdef(t.oid) as definition from pg_trigger t where t.tgrelid = $1 and not t.tgisinternal order by t.tgname

-- name: views
select c.oid, n.nspname as schema, c.relname as name, c.relkind = 'm' as materialized, coalesce(c.reloptions, '{}') as options,
       pg_get_viewdef(c.oid) as definition
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'inspect') and c.relkind in ('v', 'm')
order by n.nspname, c.relname

-- name: function_grants
-- Null acl: everybody may call it, which is what Postgres gives.
select case g.grantee when 0 then 'public' else g.grantee::regrole::text end as role
from pg_proc p, lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
where p.oid = $1::text::regprocedure and g.grantee <> p.proowner order by 1

-- name: schema_grants
select n.nspname as schema, case g.grantee when 0 then 'public' else g.grantee::regrole::text end as role,
       string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) as privileges
from pg_namespace n, lateral aclexplode(n.nspacl) g
where n.nspname in ('public', 'inspect') and g.grantee <> n.nspowner
group by 1, 2 order by 1, 2
