-- Everything the desk starts with. Runs as the owner, whatever its name is; the roles cid_app and cid_worker exist already.
--
-- Three kinds of tables:
--   tenants' own    tenant_id, row security with FORCE, policies for owner (all), app (its tenant), worker (where it needs them)
--   shared          sources, items, stories: written by the worker role, read by app through policies and `visible_items`
--   the platform's  users, sessions, jobs of nobody: each says below who may do what
-- No role but the owner holds UPDATE or DELETE on what is append-only.

create schema inspect;
revoke all on schema public from public;
grant usage on schema public, inspect to cid_app, cid_worker;

-- The database's clock, moved only in databases whose name says that they are for tests.
create function cid_now() returns timestamptz language sql stable parallel safe as $$
  select now() + case when current_database() like 'cid\_test%'
                      then coalesce(nullif(current_setting('cid.clock_offset', true), '')::interval, interval '0')
                      else interval '0' end
$$;

create function app_tenant() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('app.tenant_id', true), '')::uuid
$$;

-- UUIDv7 bounds for range partitions by id: the first possible id of a moment.
create function uuid7_floor(at timestamptz) returns uuid language sql immutable parallel safe as $$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;

-- ---------------------------------------------------------------------------------------------- tenants, people

create table tenants (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 200),
  desks text[] not null default '{publishing}',
  sample boolean not null default false,
  created_at timestamptz not null default cid_now()
);

create table profiles (
  tenant_id uuid primary key references tenants,
  body jsonb not null default '{}',
  changed_at timestamptz not null default cid_now()
);

create table users (
  id uuid primary key,
  email text not null unique check (email = lower(email) and email like '_%@_%' and length(email) <= 254),
  name text not null default '',
  password_hash text,
  admin boolean not null default false,
  disabled_at timestamptz,
  created_at timestamptz not null default cid_now()
);

create table members (
  tenant_id uuid not null references tenants,
  user_id uuid not null references users,
  role text not null check (role in ('owner', 'editor', 'analyst', 'viewer')),
  created_at timestamptz not null default cid_now(),
  primary key (tenant_id, user_id)
);
create index members_user on members (user_id);

create table sessions (
  id_hash bytea primary key,
  user_id uuid not null references users,
  csrf text not null,
  agent text not null default '',
  created_at timestamptz not null default cid_now(),
  seen_at timestamptz not null default cid_now(),
  expires_at timestamptz not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

-- One-time links: first set-up, invitations. Stored hashed; used once.
create table once_links (
  id_hash bytea primary key,
  purpose text not null check (purpose in ('setup', 'invite')),
  user_id uuid references users,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default cid_now()
);

-- Platform settings that change without a restart.
create table settings (
  key text primary key,
  value jsonb not null,
  changed_by uuid references users,
  changed_at timestamptz not null default cid_now()
);

-- ---------------------------------------------------------------------------------------------- sources, items, stories

create table sources (
  id uuid primary key,
  tenant_id uuid references tenants,          -- null: public; else private to one tenant
  kind text not null check (kind in ('rss', 'sample')),
  url text not null check (length(url) <= 2000),
  title text not null default '',
  publisher text not null default '',         -- who speaks: several feeds of one publisher count once
  vetted boolean not null default false,      -- by the platform: counts for every tenant's spread
  sample boolean not null default false,
  state text not null default 'active' check (state in ('active', 'quarantined', 'retired')),
  quarantined_until timestamptz,
  outcome text check (outcome in ('new', 'empty', 'not_modified', 'blocked', 'rate_limited', 'gone', 'broken', 'unreachable')),
  outcome_detail text not null default '',
  etag text not null default '',
  last_modified text not null default '',
  body_sha bytea,
  failures integer not null default 0,
  interval_s integer not null default 900 check (interval_s between 1 and 2592000),
  polled_at timestamptz,
  last_new_at timestamptz,
  next_poll_at timestamptz not null default cid_now(),
  created_at timestamptz not null default cid_now(),
  check ((state = 'quarantined') = (quarantined_until is not null))
);
create unique index sources_public_url on sources (kind, url) where tenant_id is null;
create unique index sources_private_url on sources (tenant_id, kind, url) where tenant_id is not null;
create index sources_due on sources (next_poll_at) where state <> 'retired';

create table subscriptions (
  tenant_id uuid not null references tenants,
  id uuid not null,
  source_id uuid not null references sources,
  trust numeric(3, 2) not null default 0.70 check (trust between 0 and 1),
  role text not null default 'news' check (role in ('news', 'competitor')),
  active boolean not null default true,
  created_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, source_id)
);
create index subscriptions_source on subscriptions (source_id) where active;

create table stories (
  id uuid primary key,
  words text[] not null,                      -- of the titles, folded; what grouping compares
  items integer not null default 0,
  publishers integer not null default 0,
  last_new_publisher_at timestamptz not null default cid_now(),
  last_item_at timestamptz not null default cid_now(),
  sample boolean not null default false,
  created_at timestamptz not null default cid_now()
);
create index stories_recent on stories (last_item_at);

-- What grouping looks up. A key is 32 bits for a window of 48 hours, then 32 for a pair of words: what is looked up
-- together lies together, and what is over goes by a range. Not an array under GIN: 2 ms a headline and more.
create table story_keys (
  key bigint not null,
  story_id uuid not null,
  primary key (key, story_id)
);

create table items (
  id uuid primary key,
  url text not null,
  url_hash bytea not null unique,             -- sha256 of the canonical address
  title text not null,
  summary text not null default '',
  author text not null default '',
  published_at timestamptz,
  first_seen_at timestamptz not null default cid_now(),
  story_id uuid references stories,
  public boolean not null,                    -- seen at a public source at least once
  sample boolean not null default false
);
create index items_story on items (story_id);
create index items_seen on items (first_seen_at desc, id desc);

-- One item seen at one source. Grows without end: partitioned by its own id, nothing points into it.
create table sightings (
  id uuid not null primary key,
  item_id uuid not null,
  source_id uuid not null,
  tenant_id uuid,                             -- of a private source
  entry_key text not null default '',
  published_at timestamptz,
  seen_at timestamptz not null default cid_now()
) partition by range (id);
create index sightings_item on sightings (item_id);
create index sightings_source on sightings (source_id, item_id);

-- ---------------------------------------------------------------------------------------------- the funnel

create table screenings (
  tenant_id uuid not null references tenants,
  id uuid not null,
  story_id uuid not null references stories,
  item_id uuid not null references items,     -- the item whose pass of gate 1 opened it
  state text not null default 'open' check (state in ('open', 'waiting', 'passed', 'dropped', 'failed')),
  stage text not null default 'relate' check (stage in ('relate', 'assess', 'draft')),
  waiting_for text check (waiting_for in ('signal', 'budget', 'plan', 'approval')),
  until timestamptz,
  gate text check (gate in ('rules', 'relevance', 'signal', 'fit', 'draft', 'review')),
  reason text,
  failure text not null default '',
  urgent boolean not null default false,
  spread integer not null default 0,
  opened_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, story_id),
  check ((state = 'waiting') = (waiting_for is not null)),
  check ((state = 'dropped') = (gate is not null and reason is not null)),
  check ((state = 'failed') = (failure <> ''))
);
create index screenings_until on screenings (until) where state = 'waiting';
create index screenings_story on screenings (story_id);   -- a story's report wakes the waiting; and what leaves stories and items
create index screenings_item on screenings (item_id);     -- is looked for here
create index screenings_recent on screenings (tenant_id, opened_at desc);

create table verdicts (
  id uuid not null,
  tenant_id uuid not null,
  item_id uuid,                               -- gate 1 judges items
  story_id uuid not null,
  screening_id uuid,                          -- the others judge screenings; a pass at gate 1 names the one it opened or joined
  gate text not null check (gate in ('rules', 'relevance', 'signal', 'fit', 'draft', 'review')),
  outcome text not null check (outcome in ('pass', 'drop')),
  reason text not null,
  detail text not null default '',
  score numeric(6, 2),
  call_id uuid,
  at timestamptz not null default cid_now(),
  primary key (id)
) partition by range (id);
create index verdicts_item on verdicts (tenant_id, item_id);
create index verdicts_screening on verdicts (tenant_id, screening_id);
create index verdicts_recent on verdicts (tenant_id, at desc);

create table evidence_packs (
  tenant_id uuid not null references tenants,
  id uuid not null,
  screening_id uuid not null,
  claims jsonb not null,                      -- [{"text", "item_id", "url", "title", "publisher"}]
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, screening_id) references screenings
);
create index evidence_packs_screening on evidence_packs (tenant_id, screening_id);

-- ---------------------------------------------------------------------------------------------- drafts to publications

create table drafts (
  tenant_id uuid not null references tenants,
  id uuid not null,
  screening_id uuid not null,
  story_id uuid not null references stories,
  state text not null default 'written'
    check (state in ('written', 'ready', 'held', 'approved', 'changes_requested', 'rejected')),
  current_version_id uuid not null,
  sample boolean not null default false,
  found_at timestamptz not null,              -- when the story's first item was first seen
  created_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, screening_id),
  foreign key (tenant_id, screening_id) references screenings
);
create index drafts_listed on drafts (tenant_id, state, changed_at desc, id desc);
create index drafts_story on drafts (story_id);
create index drafts_version on drafts (tenant_id, current_version_id);

create table versions (
  tenant_id uuid not null references tenants,
  id uuid not null,
  draft_id uuid not null,
  number integer not null check (number > 0),
  author text not null check (author in ('machine', 'person')),
  author_id uuid references users,
  call_id uuid,
  provider text not null default '',
  article text not null,                      -- canonical JSON of what people edit
  payloads text not null,                     -- canonical JSON of the bytes each channel receives
  sha256 bytea not null check (sha256 = sha256(convert_to(payloads, 'UTF8'))),
  renderer text not null,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, draft_id, number),
  unique (tenant_id, draft_id, id, sha256),
  foreign key (tenant_id, draft_id) references drafts,
  check ((author = 'person') = (author_id is not null))
);
alter table drafts add foreign key (tenant_id, current_version_id) references versions (tenant_id, id) deferrable initially deferred;

create table reviews (
  tenant_id uuid not null references tenants,
  id uuid not null,
  draft_id uuid not null,
  version_id uuid not null,
  outcome text not null check (outcome in
    ('ready_for_approval', 'auto_revised', 'needs_admin_review', 'blocked_factual_review', 'review_failed')),
  score integer check (score between 0 and 100),
  findings text not null default '[]',
  call_id uuid,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, draft_id) references drafts,
  foreign key (tenant_id, version_id) references versions (tenant_id, id)
);
create index reviews_draft on reviews (tenant_id, draft_id, made_at);
create index reviews_version on reviews (tenant_id, version_id);

create table decisions (
  tenant_id uuid not null references tenants,
  id uuid not null,
  draft_id uuid not null,
  version_id uuid not null,
  sha256 bytea not null,
  kind text not null check (kind in ('approve', 'reject', 'request_changes', 'undo')),
  user_id uuid not null references users,
  reason text not null default '' check (kind = 'approve' or kind = 'undo' or reason <> ''),
  via text not null check (via in ('page', 'link', 'cli', 'api')),
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  -- a decision names bytes that exist
  foreign key (tenant_id, draft_id, version_id, sha256) references versions (tenant_id, draft_id, id, sha256),
  unique (tenant_id, id, draft_id, version_id, sha256, kind)
);
create index decisions_draft on decisions (tenant_id, draft_id, made_at);

create table channels (
  tenant_id uuid not null references tenants,
  id uuid not null,
  kind text not null check (kind in ('site')),
  name text not null,
  base_url text not null,
  canonical boolean not null default false,
  active boolean not null default true,
  created_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
create unique index channels_one_canonical on channels (tenant_id) where canonical and active;

create table publications (
  tenant_id uuid not null references tenants,
  id uuid not null,
  draft_id uuid not null,
  channel_id uuid not null,
  decision_id uuid not null,
  version_id uuid not null,
  sha256 bytea not null,
  decided text not null default 'approve' check (decided = 'approve'),
  state text not null default 'planned'
    check (state in ('planned', 'sending', 'live', 'failed', 'unknown', 'updating', 'retracted')),
  url text not null default '',
  external_id text not null default '',
  error text not null default '',
  planned_at timestamptz not null default cid_now(),
  sent_at timestamptz,
  live_at timestamptz,
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, draft_id, channel_id),
  foreign key (tenant_id, draft_id) references drafts,
  foreign key (tenant_id, channel_id) references channels,
  -- the wall: no publication without a person's approval of exactly these bytes
  foreign key (tenant_id, decision_id, draft_id, version_id, sha256, decided)
    references decisions (tenant_id, id, draft_id, version_id, sha256, kind)
);

-- ---------------------------------------------------------------------------------------------- models and money

create table calls (
  id uuid not null primary key,
  tenant_id uuid not null,
  stage text not null,
  tier text not null check (tier in ('cheap', 'quality')),
  provider text not null,
  model text not null,
  prompt text not null,
  prompt_version text not null,
  prompt_hash bytea not null,
  input_hash bytea not null,
  attempt integer not null default 1,
  state text not null default 'sent' check (state in ('sent', 'answered', 'failed', 'ambiguous')),
  stop text not null default '',
  served text not null default '',
  request_id text not null default '',
  input integer not null default 0,
  cache_read integer not null default 0,
  cache_write integer not null default 0,
  output integer not null default 0,
  thinking integer not null default 0,
  reserved numeric(18, 12) not null,
  cost numeric(18, 12),
  error text not null default '',
  reply text,
  sent_at timestamptz not null default cid_now(),
  answered_at timestamptz
) partition by range (id);
create index calls_recent on calls (tenant_id, sent_at desc);
create index calls_open on calls (sent_at) where state = 'sent';

-- A subject's stored answer: a new group asks only for subjects without one.
create table call_subjects (
  tenant_id uuid not null references tenants,
  stage text not null,
  subject text not null,
  input_hash bytea not null,                  -- over prompt, shared parts, schema and this subject's input
  call_id uuid not null,
  provider text not null,
  answer jsonb not null,
  at timestamptz not null default cid_now(),
  primary key (tenant_id, stage, subject, input_hash)
);

create table budgets (
  tenant_id uuid not null references tenants,
  day date not null,
  cap numeric(18, 12) not null,
  reserved numeric(18, 12) not null default 0 check (reserved >= 0),
  spent numeric(18, 12) not null default 0 check (spent >= 0),
  primary key (tenant_id, day)
);

-- One mechanism for every limit: GCRA. `tat` is the theoretical arrival time of the next event.
create table limits (
  key text primary key,
  tat timestamptz not null
) with (fillfactor = 70);

create table audit (
  id uuid not null primary key,
  tenant_id uuid,                             -- null: the platform's own log
  user_id uuid,
  action text not null,
  target text not null default '',
  detail jsonb not null default '{}',
  at timestamptz not null default cid_now()
) partition by range (id);
create index audit_tenant on audit (tenant_id, at desc);

-- ---------------------------------------------------------------------------------------------- the queue

create table jobs (
  id bigint generated always as identity primary key,
  tenant_id uuid not null,                    -- the zero uuid: work of the platform
  kind text not null,
  state text not null default 'ready' check (state in ('scheduled', 'ready', 'running')),
  priority smallint not null default 0,
  run_at timestamptz not null default cid_now(),
  attempt integer not null default 0,
  worker uuid,
  lease bigint,
  deadline timestamptz,
  leads boolean not null default false,       -- first job of a hand-out of a group
  cancel boolean not null default false,      -- asked for while running
  dedupe_key text,
  payload jsonb not null default '{}',
  error text not null default '',
  created_at timestamptz not null default cid_now(),
  check ((state = 'running') = (worker is not null and lease is not null and deadline is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index jobs_ready on jobs (kind, tenant_id, priority, id) where state = 'ready';
create index jobs_scheduled on jobs (run_at) where state = 'scheduled';
create index jobs_running on jobs (worker) where state = 'running';
create index jobs_leads on jobs (kind, tenant_id) where leads;
create unique index jobs_dedupe on jobs (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null;

create table jobs_done (
  id bigint not null,
  tenant_id uuid not null,
  kind text not null,
  outcome text not null check (outcome in ('done', 'cancelled')),
  attempt integer not null,
  payload jsonb not null,
  created_at timestamptz not null,
  ended_at timestamptz not null default cid_now()
) partition by range (ended_at);
create index jobs_done_time on jobs_done using brin (ended_at);

create table jobs_dead (
  id bigint primary key,
  tenant_id uuid not null,
  kind text not null,
  attempt integer not null,
  payload jsonb not null,
  error text not null,
  created_at timestamptz not null,
  died_at timestamptz not null default cid_now()
);
create index jobs_dead_tenant on jobs_dead (tenant_id, died_at desc);

-- Liveness: one row per process, beaten by a thread of its own.
create table workers (
  id uuid primary key,
  host text not null,
  pid integer not null,
  version text not null,
  kinds text[] not null default '{}',
  parts jsonb not null default '{}',
  started_at timestamptz not null default cid_now(),
  beat_at timestamptz not null default cid_now()
) with (fillfactor = 50);

-- A periodic job's slot is taken by whoever inserts it first: no leader.
create table periodic_slots (
  name text not null,
  slot timestamptz not null,
  taken_at timestamptz not null default cid_now(),
  primary key (name, slot)
);

-- Paused kinds, for one tenant or (zero uuid) for all.
create table pauses (
  kind text not null,
  tenant_id uuid not null default '00000000-0000-0000-0000-000000000000',
  paused_at timestamptz not null default cid_now(),
  primary key (kind, tenant_id)
);

-- ---------------------------------------------------------------------------------------------- partitions

-- One partition, unless it is there. Made aside and attached: that leaves readers and writers of the parent alone, where
-- CREATE TABLE … PARTITION OF would lock them all out behind the longest query that runs.
create function make_partition(parent text, suffix text, low text, high text) returns integer
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare child text := parent || '_' || suffix;
begin
  if to_regclass('public.' || quote_ident(child)) is not null then
    return 0;
  end if;
  execute format('create table public.%I (like public.%I including defaults including constraints)', child, parent);
  execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, child, low, high);
  return 1;
end $$;
revoke all on function make_partition(text, text, text, text) from public;

-- Makes last month's, this month's and the next two months' partitions (by UUIDv7 id), and those of yesterday to three days
-- ahead of jobs_done; answers how many were missing. The owner's, because only an owner may; called by the worker role every
-- hour and by every start.
create function make_partitions(at timestamptz default cid_now()) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '3s' as $$
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
end $$;
revoke all on function make_partitions(timestamptz) from public;
grant execute on function make_partitions(timestamptz) to cid_worker;

-- ---------------------------------------------------------------------------------------------- who may do what

-- Tenants' own tables: the owner sees all (or its backfills would touch nothing in silence), app sees its tenant.
do $$
declare t text;
begin
  foreach t in array array['profiles', 'members', 'subscriptions', 'screenings', 'verdicts', 'evidence_packs', 'drafts',
      'versions', 'reviews', 'decisions', 'channels', 'publications', 'calls', 'call_subjects', 'budgets', 'audit',
      'jobs', 'jobs_done', 'jobs_dead', 'tenants', 'sources', 'sightings', 'items', 'pauses'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy owner on %I to %I using (true) with check (true)', t, current_user);
  end loop;
  foreach t in array array['profiles', 'members', 'subscriptions', 'screenings', 'verdicts', 'evidence_packs', 'drafts',
      'versions', 'reviews', 'decisions', 'channels', 'publications', 'calls', 'call_subjects', 'budgets', 'audit'] loop
    execute format('create policy tenant on %I to cid_app using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()))', t);
  end loop;
  -- The worker role looks across tenants where scheduling and administration do; it decides nothing there.
  foreach t in array array['tenants', 'profiles', 'members', 'subscriptions', 'screenings', 'channels', 'budgets', 'audit', 'calls',
      'jobs', 'jobs_done', 'jobs_dead', 'sources', 'sightings', 'items', 'pauses', 'verdicts', 'drafts', 'publications'] loop
    execute format('create policy worker on %I to cid_worker using (true) with check (true)', t);
  end loop;
end $$;

-- A foreign key looks past row security: without this a tenant could subscribe to another's private source.
alter policy tenant on subscriptions with check
  (tenant_id = (select app_tenant()) and exists (select from sources s where s.id = source_id));
create policy tenant on tenants to cid_app using (id = (select app_tenant()));
create policy tenant on jobs to cid_app using (tenant_id = (select app_tenant()))
  with check (tenant_id = (select app_tenant()) and state in ('scheduled', 'ready'));
create policy tenant on jobs_done to cid_app using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()));
create policy tenant on jobs_dead to cid_app using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()));
create policy tenant on pauses to cid_app using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()));
-- Sources, sightings and items: the public ones and the tenant's own.
create policy visible on sources to cid_app using (tenant_id is null or tenant_id = (select app_tenant()));
create policy visible on sightings to cid_app using (tenant_id is null or tenant_id = (select app_tenant()));
create policy visible on items to cid_app using
  (public or exists (select from sightings s where s.item_id = items.id and s.tenant_id = (select app_tenant())));

create view visible_items with (security_invoker = true) as
  select id, story_id, url, title, summary, author, published_at, first_seen_at, sample from items;

grant select on tenants, profiles, members, subscriptions, sources, sightings, items, visible_items, screenings, verdicts, evidence_packs,
  drafts, versions, reviews, decisions, channels, publications, calls, call_subjects, budgets, audit, jobs, jobs_done, jobs_dead, pauses
  to cid_app;
grant insert on screenings, verdicts, evidence_packs, drafts, versions, reviews, decisions, channels, publications, calls, call_subjects,
  budgets, audit, jobs, jobs_done, jobs_dead, subscriptions to cid_app;
grant update (state, stage, waiting_for, until, gate, reason, failure, urgent, spread, changed_at) on screenings to cid_app;
grant update (state, current_version_id, changed_at) on drafts to cid_app;
grant update (state, url, external_id, error, sent_at, live_at, changed_at) on publications to cid_app;
grant update (state, stop, served, request_id, input, cache_read, cache_write, output, thinking, cost, error, reply, answered_at)
  on calls to cid_app;
grant update (reserved, spent, cap) on budgets to cid_app;
grant update (trust, role, active) on subscriptions to cid_app;
grant update (name, base_url, canonical, active) on channels to cid_app;
grant update (body, changed_at), insert on profiles to cid_app;
grant delete on jobs to cid_app;

grant select, insert, update on tenants, profiles, users, members, sources, subscriptions, stories, items, channels, budgets,
  settings, once_links, sessions, workers, story_keys to cid_worker;
grant select, insert on sightings, audit, jobs_done, periodic_slots, calls to cid_worker;
grant update (state, stop, served, request_id, input, cache_read, cache_write, output, thinking, cost, error, reply, answered_at)
  on calls to cid_worker;
-- What a tenant's flows decided is read for scheduling and figures, and written by the tenant's own transactions alone.
grant select on screenings, verdicts, drafts, publications to cid_worker;
grant delete on members, sessions, once_links, workers, periodic_slots, limits, story_keys to cid_worker;
grant select, insert, update, delete on jobs, jobs_dead, pauses to cid_worker;
grant select, insert, update on limits to cid_app, cid_worker;

-- Sign-in happens before a tenant is known. App never reads these tables: it asks for one row by an exact secret or address.
create function session_of(hash bytea) returns table (user_id uuid, email text, name text, admin boolean, csrf text, stale boolean)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select u.id, u.email, u.name, u.admin, s.csrf, s.seen_at < public.cid_now() - interval '1 minute'
  from public.sessions s join public.users u on u.id = s.user_id
  where s.id_hash = hash and s.expires_at > public.cid_now() and s.seen_at > public.cid_now() - interval '12 hours' and u.disabled_at is null
$$;
create function memberships_of(who uuid) returns table (tenant_id uuid, slug text, name text, sample boolean, created_at timestamptz, role text)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select t.id, t.slug, t.name, t.sample, t.created_at, m.role
  from public.members m join public.tenants t on t.id = m.tenant_id where m.user_id = who order by t.name
$$;
revoke all on function session_of(bytea), memberships_of(uuid) from public;
grant execute on function session_of(bytea), memberships_of(uuid) to cid_app, cid_worker;

-- ---------------------------------------------------------------------------------------------- the end of a tenant

-- Deletes every row of a tenant in every table that has one, the items and stories that only its private sources brought, and
-- leaves one line in the platform's log. Tables are found and ordered by the catalogs, so that a new one cannot be forgotten.
-- The owner's alone: nobody else may delete what is append-only. May be run again for what a job wrote meanwhile.
create function delete_tenant(gone uuid) returns jsonb
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  todo regclass[]; next regclass; slug text; deleted bigint; counts jsonb := '{}'; private uuid[]; stories uuid[];
begin
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
  delete from public.stories s where s.id = any (stories) and not exists (select from public.items i where i.story_id = s.id);
  delete from public.tenants where id = gone;
  if slug is null and counts = '{}' then
    raise exception 'there is no tenant %', gone using errcode = 'no_data_found';
  end if;
  insert into public.audit (id, tenant_id, action, target, detail)
  values ((left(public.uuid7_floor(public.cid_now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid,
          null, 'tenant.deleted', gone::text, jsonb_build_object('slug', slug, 'rows', counts));
  return counts;
end $$;
revoke all on function delete_tenant(uuid) from public;

select make_partitions();
