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
  desks text[] not null default '{publishing}' check (desks <@ '{publishing,tracker,analysis}'),
  sample boolean not null default false,
  reserved boolean not null default false,    -- the platform's own account: a newsroom of nobody
  replace_sources boolean not null default false,   -- tested successors of failed sources are taken without being asked
  zone text not null default 'UTC',           -- of the IANA time zone database: its days, its calendar, its mornings
  paused_at timestamptz,                      -- nothing of it is screened, asked of models, mailed or published
  paused_by uuid,
  pause_reason text not null default '',
  deletion_asked_at timestamptz,              -- by an owner of it; whoever runs the desk does it
  deletion_asked_by uuid,
  stopped_at timestamptz,                     -- nothing new of it goes out; what is planned waits for somebody to resume
  stopped_by uuid,
  stop_reason text not null default '',
  link_hours smallint not null default 72 check (link_hours between 1 and 168),   -- how long a link in a mail lets somebody decide
  disclosure text not null default 'disclose' check (disclosure in ('disclose', 'editorial-responsibility')),
  responsible text not null default '' check (length(responsible) <= 200),        -- who holds editorial responsibility, by name
  review_seconds smallint not null default 60 check (review_seconds between 10 and 3600),   -- with that mode: on the page, at least
  created_at timestamptz not null default cid_now()
);
-- What the platform asks models on its own account is charged to it. Not the zero uuid, whose budgets are those of all together.
insert into tenants (id, slug, name, desks, reserved)
values ('00000000-0000-0000-0000-000000000001', 'platform', 'Platform', '{}', true);

-- It has no people, no sources and judges nothing.
create function house() returns uuid language sql immutable parallel safe as $$ select '00000000-0000-0000-0000-000000000001'::uuid $$;

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
  totp text not null default '',              -- the second factor's secret, sealed; empty: none
  totp_step bigint,                           -- the last step of time whose code was taken: none counts twice
  recovery bytea[] not null default '{}',     -- sha256 of the codes that stand in for a lost second factor, each once
  zone text not null default '',              -- of the IANA time zone database: how pages tell them the time; empty: UTC
  disabled_at timestamptz,
  created_at timestamptz not null default cid_now()
);

-- What a tenant turned of config/gates.toml, and what every gate was set to when it judged: a verdict names it by its hash.
create table policies (
  tenant_id uuid not null references tenants,
  section text not null,                      -- of config/gates.toml
  name text not null,
  value jsonb not null,                       -- as TOML would say it: 80, "48h", ["breaking"]
  changed_by uuid references users,
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, section, name)
);
create table gate_configs (
  tenant_id uuid not null references tenants,
  hash bytea not null check (length(hash) = 8),
  gate text not null,
  body jsonb not null,                        -- the gate's section of the policy, and the tenant's profile
  first_at timestamptz not null default cid_now(),
  primary key (tenant_id, hash)
);

create table members (
  tenant_id uuid not null references tenants,
  user_id uuid not null references users,
  role text not null check (role in ('owner', 'editor', 'analyst', 'viewer')),
  seen_at timestamptz,                        -- in this tenant; null: was let in and has not come yet
  created_at timestamptz not null default cid_now(),
  digest_at timestamptz not null default '-infinity',   -- when to look next whether their digest is due; -infinity: never looked yet
  primary key (tenant_id, user_id),
  check (tenant_id <> house())
);
create index members_user on members (user_id);
create index members_digest on members (digest_at);

create table sessions (
  id_hash bytea primary key,
  user_id uuid not null references users,
  csrf text not null,
  agent text not null default '',
  renew boolean not null default false,       -- what its person may do has changed: it goes on under another token
  created_at timestamptz not null default cid_now(),
  seen_at timestamptz not null default cid_now(),
  expires_at timestamptz not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

-- One-time links: first set-up, invitations, forgotten passwords; and the way from a right password to the page that asks for
-- the second factor. Stored hashed; used once.
create table once_links (
  id_hash bytea primary key,
  purpose text not null check (purpose in ('setup', 'invite', 'reset', 'code')),
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
  kind text not null check (kind in ('rss', 'google_news', 'gdelt', 'serpapi', 'x', 'telegram', 'telegram_bot', 'page', 'sample')),
  url text not null check (length(url) <= 2000),
  config jsonb not null default '{}',         -- what a kind must be told beside its address; part of what makes two sources one
  cursor text not null default '',            -- where the next poll goes on, in the kind's own words
  title text not null default '',
  publisher text not null default '',         -- who speaks: several feeds of one publisher count once
  site text not null default '',              -- its home page, where a successor is looked for
  vetted boolean not null default false,      -- by the platform: counts for every tenant's spread
  sample boolean not null default false,
  state text not null default 'active' check (state in ('active', 'quarantined', 'retired')),
  quarantined_until timestamptz,
  quarantined_since timestamptz,              -- of several in a row: when the first began
  outcome text check (outcome in ('new', 'empty', 'not_modified', 'blocked', 'rate_limited', 'gone', 'broken', 'unreachable')),
  cause text not null default '',             -- the outcome in detail: one of `domain.news.Cause`, fit for a metric's label
  outcome_detail text not null default '',
  etag text not null default '',
  last_modified text not null default '',
  body_sha bytea,
  same_sha bytea,                             -- of the body without what changes at every poll
  memory bytea not null default '',           -- what was in it at the last poll: 16 bytes an entry
  volatile_polls integer not null default 0,  -- in a row at which every entry had another identity and the titles stayed
  by_title boolean not null default false,    -- so its entries are known by title and date
  whole_at timestamptz,                       -- when a whole body came last, asked for without conditions or changed
  validators_lie boolean not null default false,   -- another body came under the same ones: they are not sent any more
  failures integer not null default 0,        -- in a row
  strikes integer not null default 0,         -- failures in a row that speak against it
  quarantines integer not null default 0,     -- in a row
  interval_s integer not null default 900 check (interval_s between 1 and 2592000),
  interval_why text not null default '',
  gap_s real,                                 -- between new items, learnt; null: not known yet
  hints jsonb not null default '{}',          -- how often its server and its feed want it to be asked
  gone_since timestamptz,                     -- 410 in a row, until that is proved
  moved_to text not null default '',          -- where permanent redirects lead, until that is proved
  moved_since timestamptz,
  moved_polls integer not null default 0,
  moved_announced boolean not null default false,   -- the feed itself says so
  former_url text not null default '',        -- before a proved move or a replacement
  polled_at timestamptz,
  last_new_at timestamptz,
  next_poll_at timestamptz not null default cid_now(),
  created_at timestamptz not null default cid_now(),
  check ((state = 'quarantined') = (quarantined_until is not null))
);
create unique index sources_public_url on sources (kind, url, md5(config::text)) where tenant_id is null;
create unique index sources_private_url on sources (tenant_id, kind, url, md5(config::text)) where tenant_id is not null;
create unique index sources_sole on sources (kind, url) where kind = 'telegram_bot' and state <> 'retired';   -- one queue, one reader
create index sources_unpaid on sources (tenant_id) where cause = 'budget';   -- what waits for money
create index sources_due on sources (next_poll_at) where state <> 'retired';

create table subscriptions (
  tenant_id uuid not null references tenants,
  id uuid not null,
  source_id uuid not null references sources,
  trust numeric(3, 2) not null default 0.70 check (trust between 0 and 1),
  role text not null default 'news' check (role in ('news', 'competitor')),
  interval_s integer check (interval_s between 120 and 2592000),   -- a fixed one; the shortest of a source's subscribers holds
  full_text boolean not null default true,    -- articles are read at their own pages, too
  replace_itself boolean not null default false,   -- a tested successor is taken without being asked
  active boolean not null default true,
  created_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, source_id),
  check (tenant_id <> house())
);
create index subscriptions_source on subscriptions (source_id) where active;

-- What may stand in for a tenant's source that failed, each fetched and tested before it was proposed.
create table proposals (
  tenant_id uuid not null references tenants,
  id uuid not null,
  source_id uuid not null references sources, -- the one that failed
  tier text not null check (tier in ('site', 'news', 'defaults')),
  url text not null check (length(url) <= 2000),
  via text not null default '',               -- how it was come upon
  title text not null default '',
  site text not null default '',
  entries integer not null,
  newest_at timestamptz,
  kinship text not null check (kinship in ('host', 'title', 'publisher', 'none')),
  state text not null default 'proposed' check (state in ('proposed', 'taken', 'rejected', 'expired')),
  place integer not null default 0,           -- the best first
  by_itself boolean not null default false,   -- taken because the tenant lets successors be
  user_id uuid references users,              -- who took or rejected it; null: it happened by itself or at the machine
  tested_at timestamptz not null default cid_now(),
  created_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, source_id, url)
);
create index proposals_source on proposals (source_id) where state = 'proposed';
create index proposals_expired on proposals (changed_at) where state = 'expired';
create index proposals_user on proposals (user_id) where user_id is not null;

-- The last search for a tenant's source that failed: what was tried and would not do. A tenant's own, because what is tried
-- depends on its industry, which is nobody else's business.
create table searches (
  tenant_id uuid not null references tenants,
  source_id uuid not null references sources,
  found integer not null,
  tried jsonb not null default '[]',          -- [{"tier", "url", "why"}]
  searched_at timestamptz not null default cid_now(),
  primary key (tenant_id, source_id)
);
create index searches_source on searches (source_id);
create index searches_old on searches (searched_at);

create table stories (
  id uuid primary key,
  words text[] not null,                      -- the heaviest terms of its titles, and how heavy each is: what grouping compares
  weights double precision[] not null default '{}',
  mass integer not null default 0,            -- items of public sources whose terms are in there; 0: only private ones have it
  faces text[] not null default '{}',         -- the latest of its titles that differ
  voices bigint[] not null default '{}',      -- of the latest items that shaped it the sources, as numbers
  items integer not null default 0,
  publishers integer not null default 0,
  last_new_publisher_at timestamptz not null default cid_now(),
  last_item_at timestamptz not null default cid_now(),
  sample boolean not null default false,
  merged_into uuid references stories,        -- a story once read is never split: whoever names it is led on
  follows uuid references stories,            -- what happened before it
  created_at timestamptz not null default cid_now()
);
create index stories_recent on stories (last_item_at);
create index stories_merged on stories (merged_into) where merged_into is not null;
create index stories_followed on stories (follows) where follows is not null;

-- What grouping looks up. A key is 32 bits for a window of 48 hours, then 32 for a term or a pair of them: what is looked up
-- together lies together, and what is over goes by a range. Not an array under GIN: 2 ms a headline and more. The level is 0 for a
-- pair; under a single term the biggest stories come last, and only those are read.
create table story_keys (
  key bigint not null,
  level smallint not null default 0,
  story_id uuid not null,
  primary key (key, level, story_id)
);

-- How many titles of a window used a term, under the same keys; that of the empty term is how many titles there were.
create table term_uses (
  key bigint primary key,
  titles integer not null
) with (fillfactor = 70);

-- Who has reported a story at public sources, and when first: several feeds of one publisher count once.
create table story_publishers (
  story_id uuid not null references stories on delete cascade,
  publisher text not null,
  at timestamptz not null,
  primary key (story_id, publisher)
);

create table items (
  id uuid primary key,
  url text not null,
  url_hash bytea not null unique,             -- sha256 of what makes two addresses one, or of the identity where there is one
  identity text not null default '',          -- what makes it one where its address does not; that address is never cited
  title text not null,
  summary text not null default '',
  author text not null default '',
  language text not null default '',          -- BCP 47, lower case, where somebody said so
  published_at timestamptz,
  first_seen_at timestamptz not null default cid_now(),
  story_id uuid references stories,
  band text check (band in ('first', 'certain', 'similar', 'contested')),   -- how sure it is that it belongs there
  likeness real,                              -- to its story when it joined, 0 to 1
  public boolean not null,                    -- seen at a public source at least once
  sample boolean not null default false
);
create index items_story on items (story_id);
create index items_seen on items (first_seen_at desc, id desc);

-- An item that might belong to another story as well: asked about where a judge is switched on. Never merged without an answer.
create table contests (
  id uuid primary key,
  item_id uuid not null references items on delete cascade,
  story_id uuid not null references stories on delete cascade,   -- the candidate as it was then; merges lead on from it
  likeness real not null,
  state text not null default 'open' check (state in ('open', 'same', 'different', 'unjudged')),
  why text not null default '',               -- why it was not judged
  call_id uuid,                               -- the call whose answer decided
  opened_at timestamptz not null default cid_now(),
  judged_at timestamptz,
  unique (item_id, story_id),
  check ((state = 'open') = (judged_at is null)),
  check ((state = 'unjudged') = (why <> ''))
);
create index contests_story on contests (story_id);
create index contests_judged on contests (judged_at) where judged_at is not null;

-- The words of a headline. 'simple', because its language is not known; typographic marks become spaces first, because where
-- the server's locale is C they count as letters and stick to their words.
create function title_words(title text) returns tsvector language sql immutable strict parallel safe
return to_tsvector('simple'::regconfig, translate(title, '’‘‚“”„«»‹›–—…·•', '               '));
create function title_query(words text) returns tsquery language sql immutable strict parallel safe
return websearch_to_tsquery('simple'::regconfig, translate(words, '“”„«»’‘‚‹›–—…·•', '"""""          '));
create index items_words on items using gin (title_words(title));

-- What reading an item at its own page came to. Only items whose story a tenant has gone further with are asked for.
create table item_texts (
  item_id uuid primary key references items on delete cascade,
  state text check (state in ('read', 'paywalled', 'blocked', 'script', 'forbidden_by_robots', 'gone', 'unreachable', 'too_short',
                              'unreadable')),   -- null: not looked at yet
  detail text not null default '',
  text text not null default '',
  words integer not null default 0,
  title text not null default '',
  language text not null default '',
  canonical_url text not null default '',     -- as the page calls itself, on its own site
  alias_of uuid references items on delete set null,   -- the item at that address: the same article, told once
  published_at timestamptz,                   -- as the page says; fills a date that no source gave
  status integer,
  bytes integer not null default 0,
  sha bytea,
  tries integer not null default 0,
  wanted_at timestamptz not null default cid_now(),
  fetched_at timestamptz,
  retry_at timestamptz default cid_now(),     -- when it may be looked at next, also while somebody does; null: settled
  check (state = 'read' or text = '')
);
create index item_texts_due on item_texts (retry_at) where retry_at is not null;
create index item_texts_kept on item_texts (fetched_at) where text <> '';   -- what retention lets go
create index item_texts_alias on item_texts (alias_of) where alias_of is not null;

-- One item seen at one source. Grows without end: partitioned by its own id, nothing points into it.
create table sightings (
  id uuid not null primary key,
  item_id uuid not null,
  source_id uuid not null,
  tenant_id uuid,                             -- of a private source
  entry_key text not null default '',
  title_key bytea,                            -- of its title's words, where they name an article
  link text not null default '',              -- the address as the source spells it, where that is not the item's
  again boolean not null default false,       -- the source had it before, under another key
  via text not null default '',               -- how it was fetched, where that is not how the source is normally
  publisher text not null default '',         -- who speaks, where one source brings many voices, as a search does
  facts jsonb not null default '{}',          -- of a post, when first seen: engagement, what it amplifies, media (docs/sources.md)
  backlog boolean not null default false,     -- behind the newest of a source's first poll: stored, screened for nobody
  published_at timestamptz,
  seen_at timestamptz not null default cid_now()
) partition by range (id);
create index sightings_item on sightings (item_id);
create index sightings_private on sightings (tenant_id, item_id) where tenant_id is not null;   -- what the items' policy asks
create index sightings_source on sightings (source_id, item_id);
create index sightings_key on sightings (source_id, entry_key);
create index sightings_title on sightings (source_id, title_key) where title_key is not null;

-- ---------------------------------------------------------------------------------------------- the funnel

create table screenings (
  tenant_id uuid not null references tenants,
  id uuid not null,
  story_id uuid not null references stories,
  desk text not null default 'publishing' check (desk in ('publishing', 'tracker')),
  item_id uuid not null references items,     -- the item whose pass of gate 1 opened it
  state text not null default 'open' check (state in ('open', 'waiting', 'passed', 'dropped', 'failed')),
  stage text not null default 'relate' check (stage in ('relate', 'assess', 'gather', 'fit', 'draft', 'track')),
  waiting_for text check (waiting_for in ('signal', 'budget', 'batch', 'plan', 'approval', 'outage')),
  until timestamptz,
  gate text check (gate in ('rules', 'relevance', 'signal', 'evidence', 'fit', 'draft', 'review', 'track')),
  reason text,
  failure text not null default '',
  urgent boolean not null default false,
  spread integer not null default 0,
  score numeric(6, 2),                        -- what the last gate that scores gave it: who waits for a place goes by it
  merged_into uuid,                           -- its story merged, and this one of the tenant's went on for both
  superseded boolean not null default false,  -- tracker: a report that came after the window opened another for the story
  opened_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, merged_into) references screenings,
  check (merged_into is null or state in ('dropped', 'passed')),
  check (not superseded or desk = 'tracker' and state = 'passed'),
  check ((state = 'waiting') = (waiting_for is not null)),
  check ((state = 'dropped') = (gate is not null and reason is not null)),
  check ((state = 'failed') = (failure <> ''))
);
create unique index screenings_one on screenings (tenant_id, desk, story_id) where merged_into is null and not superseded;
create index screenings_plan on screenings (tenant_id, urgent desc, score desc nulls last, opened_at, id) where waiting_for = 'plan';
create index screenings_until on screenings (until) where state = 'waiting';
create index screenings_story on screenings (story_id);   -- a story's report wakes the waiting; and what leaves stories and items
create index screenings_item on screenings (item_id);     -- is looked for here
create index screenings_recent on screenings (tenant_id, opened_at desc);
create index screenings_state on screenings (tenant_id, state, opened_at desc, id desc);   -- lists and the backlog, by state

create index screenings_tracked on screenings (tenant_id, opened_at desc, id desc) where desk = 'tracker';   -- the editor's list

create table verdicts (
  id uuid not null,
  tenant_id uuid not null,
  item_id uuid,                               -- gate 1 judges items
  story_id uuid not null,
  screening_id uuid,                          -- the others judge screenings; a pass at gate 1 names the one it opened or joined
  desk text not null default 'publishing' check (desk in ('publishing', 'tracker')),
  gate text not null check (gate in ('rules', 'relevance', 'signal', 'evidence', 'fit', 'draft', 'review', 'track')),
  outcome text not null check (outcome in ('pass', 'drop')),
  reason text not null,
  detail text not null default '',
  score numeric(6, 2),
  signals jsonb not null default '{}',        -- what it went by: {"publishers": 3, "search_interest": null}; null says missing
  call_id uuid,
  cost numeric(18, 12),                       -- US dollars: this judgement's share of its calls; null where none was paid for
  config bytea,                               -- gate_configs.hash
  at timestamptz not null default cid_now(),
  primary key (id)
) partition by range (id);
create index verdicts_item on verdicts (tenant_id, item_id);
create index verdicts_screening on verdicts (tenant_id, screening_id);
create index verdicts_recent on verdicts (tenant_id, at desc) include (gate, outcome, reason);   -- the funnel reads nothing else
create index verdicts_listed on verdicts (tenant_id, gate, at desc, id desc);
create index verdicts_reason on verdicts (tenant_id, reason, at desc, id desc);

-- How many drafts a tenant's plan let through this day and week (UTC), and which screening holds a place. Taking one is a single
-- statement on one row, so that two workers cannot both take the last.
create table plans (
  tenant_id uuid primary key references tenants,
  day date not null,
  day_taken integer not null check (day_taken >= 0),
  week date not null,                         -- its Monday
  week_taken integer not null check (week_taken >= 0)
);
create table places (
  tenant_id uuid not null references tenants,
  screening_id uuid not null,
  ordinal integer not null default 1 check (ordinal > 0),   -- which draft of the screening: the first, or an update of it
  day date,                                   -- that it was counted on; null: a person asked for the draft, beyond the plan
  week date,
  by_hand uuid references users,
  taken_at timestamptz not null default cid_now(),
  released_at timestamptz,                    -- there came no draft of it
  primary key (tenant_id, screening_id, ordinal),
  foreign key (tenant_id, screening_id) references screenings,
  check ((day is null) = (by_hand is not null)),
  check ((day is null) = (week is null))
);
-- What a tenant tracks in public: topic, categories, regions, summary rules; and what is approved by a person's standing rule.
create table trackers (
  tenant_id uuid primary key references tenants,
  body jsonb not null,
  rule jsonb,
  rule_by uuid references users,
  rule_at timestamptz,
  changed_at timestamptz not null default cid_now(),
  check ((rule is null) = (rule_by is null) and (rule is null) = (rule_at is null))
);
create index trackers_rule_by on trackers (rule_by) where rule_by is not null;

-- One per story that belongs on the tracker; what the public may read are the approved ones.
create table entries (
  tenant_id uuid not null references tenants,
  id uuid not null,
  screening_id uuid not null,
  story_id uuid not null references stories,
  item_id uuid not null references items,
  state text not null default 'pending' check (state in ('pending', 'approved', 'hidden')),
  category text not null,
  regions text[] not null check (cardinality(regions) > 0),
  title text not null,
  summary text not null,
  url text not null,
  score smallint not null check (score between 0 and 100),
  published_at timestamptz,
  sample boolean not null default false,
  provider text not null,
  call_id uuid,
  merged_into uuid,                           -- its story merged, and this one of the tenant's stands for both
  made_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, screening_id),
  foreign key (tenant_id, screening_id) references screenings,
  foreign key (tenant_id, merged_into) references entries,
  check (merged_into is null or state = 'hidden')
);
create index entries_state on entries (tenant_id, state, made_at desc, id desc);
create index entries_story on entries (story_id);
create index entries_item on entries (item_id);

create table entry_decisions (
  tenant_id uuid not null references tenants,
  id uuid not null,
  entry_id uuid not null,
  kind text not null check (kind in ('approve', 'hide', 'edit')),
  user_id uuid not null references users,     -- whose rule it was, where a rule approved it
  via text not null check (via in ('page', 'cli', 'api', 'rule')),
  rule jsonb,
  reason text not null default '',
  before jsonb,                               -- of an edit: category, regions and summary as they were, and as they are
  after jsonb,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, entry_id) references entries,
  check ((via = 'rule') = (rule is not null)),
  check ((kind = 'edit') = (before is not null and after is not null))
);
create index entry_decisions_entry on entry_decisions (tenant_id, entry_id, id);
create index entry_decisions_user on entry_decisions (user_id);

-- Why a question about a story came to nothing, one row each time. What was answered is a verdict.
create table track_faults (
  tenant_id uuid not null references tenants,
  id uuid not null,
  screening_id uuid not null,
  kind text not null check (kind in ('left_out', 'unusable', 'category', 'region', 'summary', 'answer', 'timeout', 'outage', 'settings',
    'unseen', 'retried')),
  error text not null default '',
  alone boolean not null default false,       -- it was asked about by itself
  final boolean not null default false,       -- and failed by it
  user_id uuid references users,              -- who had it tried anew; null: from the machine
  at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, screening_id) references screenings
);
create index track_faults_screening on track_faults (tenant_id, screening_id, id);
create index track_faults_recent on track_faults (tenant_id, at);
create index track_faults_user on track_faults (user_id) where user_id is not null;

-- What gate 2 said of a tenant, learned: a filter that may drop without asking once it has proved itself on scores that were
-- held back. One row, replaced whole; verdicts name the version.
create table prefilters (
  tenant_id uuid primary key references tenants,
  version integer not null,
  state text not null check (state in ('learning', 'proved', 'tripped')),
  why text not null,                          -- why it is not proved, or switched itself off
  bias double precision not null,
  threshold double precision not null,
  weights jsonb not null,                     -- {word: weight}
  up jsonb not null,                          -- [[word, weight, wanted, unwanted]]: what says most, for people
  down jsonb not null,
  labels integer not null,                    -- stories learned from, tuned with and held back
  decided integer not null,                   -- of these, those that a person decided about
  passes integer not null,
  held integer not null,
  held_passes integer not null,
  recall double precision,                    -- on what was held back
  sure double precision not null,
  saved double precision not null,
  learned_at timestamptz not null default cid_now(),
  measured_at timestamptz,                    -- what it does since it is on
  kept_passes integer not null default 0,
  asked integer not null default 0,
  asked_passes integer not null default 0,
  live_recall double precision,
  cleared_by uuid references users,           -- who let one try again that had switched itself off, and when
  cleared_at timestamptz
);
create table prefilter_samples (              -- would have been dropped, and was asked about by chance
  tenant_id uuid not null,
  screening_id uuid not null,
  version integer not null,
  score double precision not null,
  stands_for double precision not null check (stands_for >= 1),
  at timestamptz not null default cid_now(),
  primary key (tenant_id, screening_id),
  foreign key (tenant_id, screening_id) references screenings
);
create index prefilter_samples_recent on prefilter_samples (tenant_id, at);

create table evidence_packs (
  tenant_id uuid not null references tenants,
  id uuid not null,
  screening_id uuid not null,
  claims jsonb not null,                      -- [{"text", "item_id", "url", "title", "publisher", "kind", …}]
  avoid jsonb not null default '[]',          -- [{"text", "why"}]: what nothing found bears out
  refs jsonb not null default '[]',           -- [{"title", "url"}]: what readers may be sent to
  state text not null default 'reports'       -- how far the search came: docs/states.md
    check (state in ('searched', 'partly', 'reports', 'none')),
  notes jsonb not null default '[]',          -- why it came no further, a sentence each
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, screening_id) references screenings
);
create index evidence_packs_screening on evidence_packs (tenant_id, screening_id);

-- Texts of pages that searches for evidence led to, as anybody may fetch them: kept once, whoever asked, by what they say.
create table pages (
  sha256 bytea primary key check (octet_length(sha256) = 32),   -- of the text
  text text not null,
  title text not null default '',
  language text not null default '',
  publisher text not null default '',         -- the host that said so first
  used_at timestamptz not null default cid_now()   -- when a look last led to it: retention counts from here
);
create index pages_used on pages (used_at);

-- Looks at such pages, by address: one for all tenants while it is fresh. It does not say who asked, and no tenant may read it.
create table page_looks (
  url_hash bytea primary key,                 -- sha256 of the address
  url text not null,
  state text check (state in ('read', 'paywalled', 'blocked', 'script', 'forbidden_by_robots', 'gone', 'unreachable', 'too_short',
                              'unreadable')),   -- null: not looked at yet
  detail text not null default '',
  final_url text not null default '',         -- as the page calls itself, on its own site
  status integer,
  sha256 bytea,                               -- of the text: pages; which may be gone before
  published_at timestamptz,
  fetched_at timestamptz,
  held_until timestamptz,                     -- somebody looks now
  check ((state = 'read') = (sha256 is not null))
);
create index page_looks_fetched on page_looks (fetched_at);

-- The pages that a tenant's evidence stands on: what lets it, and no other, read them.
create table evidence_pages (
  tenant_id uuid not null references tenants,
  sha256 bytea not null,
  pack_id uuid not null,
  primary key (tenant_id, sha256, pack_id),
  foreign key (tenant_id, pack_id) references evidence_packs
);

-- How well a story fits a tenant's readers: gate 4 is told what gate 3.5 chose.
create table fits (
  tenant_id uuid not null references tenants,
  screening_id uuid not null,
  audience_relevance numeric(4, 3) not null check (audience_relevance between 0 and 1),
  business_relevance numeric(4, 3) not null check (business_relevance between 0 and 1),
  actionability numeric(4, 3) not null check (actionability between 0 and 1),
  risk_level text not null check (risk_level in ('low', 'medium', 'high')),
  recommended_angle text,                     -- null: none of them stands out
  claims_to_use text[] not null default '{}', -- the first 16 hex digits of SHA-256 over address, newline and text of each, the best first
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, screening_id),
  foreign key (tenant_id, screening_id) references screenings
);

-- What competitors made of a story, by the titles of what their sources brought: replaced whole whenever it is looked at anew.
create table competition (
  tenant_id uuid not null references tenants,
  screening_id uuid not null,
  followed integer not null,                  -- competitors' sources that could be read then; 0: nobody knows who was first
  taken jsonb not null default '[]',          -- [{"publisher", "title", "url", "angle"}], the first first
  avoid jsonb not null default '[]',          -- angles: those taken, and those the profile will not have
  gaps jsonb not null default '[]',           -- the others
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, screening_id),
  foreign key (tenant_id, screening_id) references screenings
);

-- How much is searched for something in a country, as an outside party says: shared by all tenants, each question asked once at a
-- time and not again before its time. The worker's alone: what is asked about says what tenants write about.
create table interest (
  provider text not null,
  place text not null,                        -- ISO 3166-1; with no keyword and no place: the provider wants to be left alone
  keyword text not null,                      -- folded; empty: the list of what the place searches for most, whose searches stand beside
  score numeric(5, 2) check (score between 0 and 100),
  missing text not null default '',           -- why there is none
  asked_at timestamptz not null default cid_now(),
  until timestamptz not null,                 -- how long it holds
  asking_until timestamptz not null default '-infinity',   -- somebody is asking
  primary key (provider, place, keyword)
);
create index interest_until on interest (until);

-- ---------------------------------------------------------------------------------------------- drafts to publications

create table drafts (
  tenant_id uuid not null references tenants,
  id uuid not null,
  screening_id uuid not null,
  story_id uuid not null references stories,
  ordinal integer not null default 1 check (ordinal > 0),   -- of the screening's drafts
  update_of uuid,                             -- the first of them, which this one says the news since; null: it is the first
  state text not null default 'written'
    check (state in ('written', 'ready', 'held', 'approved', 'changes_requested', 'rejected')),
  current_version_id uuid not null,
  sample boolean not null default false,
  found_at timestamptz not null,              -- when the story's first item was first seen
  created_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, screening_id, ordinal),  -- two workers cannot both write the same update
  foreign key (tenant_id, screening_id) references screenings,
  foreign key (tenant_id, update_of) references drafts (tenant_id, id),
  check ((ordinal = 1) = (update_of is null))
);
create index drafts_updates on drafts (tenant_id, update_of) where update_of is not null;
create index drafts_recent on drafts (tenant_id, created_at desc, id desc);
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
  revises uuid,                               -- the version that the machine's own revision made it of
  article text not null,                      -- canonical JSON of what people edit
  payloads text not null,                     -- canonical JSON of the bytes each channel receives
  sha256 bytea not null check (sha256 = sha256(convert_to(payloads, 'UTF8'))),
  renderer text not null,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, draft_id, number),
  unique (tenant_id, draft_id, id, sha256),
  foreign key (tenant_id, draft_id) references drafts,
  check ((author = 'person') = (author_id is not null)),
  check (revises is null or author = 'machine')
);
alter table drafts add foreign key (tenant_id, current_version_id) references versions (tenant_id, id) deferrable initially deferred;
create unique index versions_revision on versions (tenant_id, draft_id) where revises is not null;   -- a draft is revised once

-- What of a version later drafts are held against: enough to know it again, not enough to read it. Written with its review.
create table traces (
  tenant_id uuid not null references tenants,
  version_id uuid not null,
  draft_id uuid not null,
  title text not null,
  headings bigint[] not null,                 -- a hash each, in order
  sentences bigint[] not null,                -- a hash of each longer one of the body
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, version_id),
  foreign key (tenant_id, version_id) references versions (tenant_id, id),
  foreign key (tenant_id, draft_id) references drafts
);

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
  round smallint not null default 1 check (round in (1, 2)),             -- the second follows the machine's own revision
  kind text not null default 'review' check (kind in ('review', 'auto_fix')),
  changes jsonb,                              -- what that revision changed: [{"field", "before", "after"}]
  cost numeric(18, 12),                       -- US dollars: its calls, those of the revision included; null where none was made
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, draft_id) references drafts,
  foreign key (tenant_id, version_id) references versions (tenant_id, id),
  check ((round = 2) = (kind = 'auto_fix') and (changes is not null) = (kind = 'auto_fix'))
);
create index reviews_draft on reviews (tenant_id, draft_id, made_at);
create index reviews_version on reviews (tenant_id, version_id);
create index reviews_recent on reviews (tenant_id, made_at desc, id desc);   -- what recurs is looked for in the newest

-- Standing rules that came of what reviews found again and again: every later draft and review is told them. A null tenant:
-- the platform's own, for everybody, which tenants see and do not change.
create table guardrails (
  id uuid primary key,
  tenant_id uuid references tenants,
  industry text not null default '' check (length(industry) <= 100),   -- empty: any; else a phrase that a tenant's own words for its trade hold
  text text not null check (length(text) between 10 and 400),
  category text not null default '',          -- of the finding that it came from
  finding text not null default '',           -- what that said
  draft_id uuid,                              -- where it was found last; for the platform's own nothing of a tenant's
  active boolean not null default true,
  made_by uuid references users,
  made_at timestamptz not null default cid_now(),
  changed_by uuid references users,
  changed_at timestamptz not null default cid_now(),
  foreign key (tenant_id, draft_id) references drafts,
  check (tenant_id is not null or draft_id is null)
);
create unique index guardrails_once on guardrails (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), industry, text) where active;
create index guardrails_tenant on guardrails (tenant_id, active, made_at);
create index guardrails_draft on guardrails (tenant_id, draft_id) where draft_id is not null;

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
  record jsonb not null default '{}',         -- how it came about: role, time on the page, what was shown, in which mode of disclosure
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  -- a decision names bytes that exist
  foreign key (tenant_id, draft_id, version_id, sha256) references versions (tenant_id, draft_id, id, sha256),
  unique (tenant_id, id, draft_id, version_id, sha256, kind)
);
create index decisions_draft on decisions (tenant_id, draft_id, made_at);

-- How somebody who may decide came to know a version, and what they have typed over it and not saved yet. One row per person
-- and version; no stranger to the tenant reads what is typed, and nobody but its writer is shown it.
create table readings (
  tenant_id uuid not null references tenants,
  user_id uuid not null references users,
  version_id uuid not null,
  first_at timestamptz not null default cid_now(),   -- its page was opened
  compared_at timestamptz,                    -- its comparison with another version was opened
  typed jsonb check (length(typed::text) <= 600000),   -- the fields of the editor
  typed_at timestamptz,
  primary key (tenant_id, version_id, user_id),
  foreign key (tenant_id, version_id) references versions,
  check ((typed is null) = (typed_at is null))
);

create table channels (
  tenant_id uuid not null references tenants,
  id uuid not null,
  kind text not null check (kind in ('site', 'wordpress', 'devto', 'ghost')),
  name text not null,
  base_url text not null,
  config jsonb not null default '{}',         -- what its kind wants to know beside the address; never a secret
  sealed text not null default '',            -- what lets us in, encrypted
  sealed_at timestamptz,                      -- when it was entered
  sealed_end text not null default '' check (length(sealed_end) <= 4),   -- how it ends: by that a person knows which it is
  domain text not null default '',            -- whose readers it reaches: all channels of one domain share its places
  per_week smallint not null default 3 check (per_week between 1 and 50),        -- new pieces in any seven days, at most
  own_per_week numeric(5, 1) check (own_per_week between 0 and 200),            -- what people publish there themselves, on average of eight weeks
  apart interval not null default '4 hours' check (apart between '0' and '7 days'),   -- between two new pieces, at least
  checked_at timestamptz,
  checked jsonb not null default '{}',        -- what a look at it found: {"account", "lacks", "problem"}
  canonical boolean not null default false,
  active boolean not null default true,
  disclosure text not null default '' check (disclosure in ('', 'disclose', 'editorial-responsibility')),   -- empty: the tenant's
  created_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
create index channels_domain on channels (domain);
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
    check (state in ('planned', 'sending', 'live', 'failed', 'unknown', 'updating', 'retracting', 'retracted')),
  url text not null default '',
  external_id text not null default '',
  error text not null default '',
  notes jsonb not null default '[]',          -- what the other side did not keep of what it was given, as read back: [{"what", "detail"}]
  job_id bigint,                              -- the hand-out that has it in hand: another keeps off while that one's lease lives
  lease bigint,
  due_at timestamptz not null default cid_now(),   -- not before: the undo window, or the hour that a person chose
  planned_at timestamptz not null default cid_now(),
  sent_at timestamptz,
  live_at timestamptz,
  next_decision_id uuid,                      -- a newer version that was approved while this one was out: what it is to become
  next_version_id uuid,
  next_sha256 bytea,
  retraction text not null default '',        -- why a person wants it gone
  hurried_by uuid,                            -- who let it go before its channel had a place for it, and why
  hurried_why text not null default '',
  stands_in_by uuid,                          -- who made it the original of its draft's posts, where the canonical channel failed, and why
  stands_in_why text not null default '',
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  check (num_nulls(next_decision_id, next_version_id, next_sha256) in (0, 3)),
  foreign key (tenant_id, draft_id) references drafts,
  foreign key (tenant_id, channel_id) references channels,
  -- the wall: no publication without a person's approval of exactly these bytes
  foreign key (tenant_id, decision_id, draft_id, version_id, sha256, decided)
    references decisions (tenant_id, id, draft_id, version_id, sha256, kind),
  foreign key (tenant_id, next_decision_id, draft_id, next_version_id, next_sha256, decided)
    references decisions (tenant_id, id, draft_id, version_id, sha256, kind)
);
-- one at a time; what was retracted, by an undo too, stays as a row and another may be planned
create unique index publications_one on publications (tenant_id, draft_id, channel_id) where state <> 'retracted';
create index publications_sent on publications (tenant_id, channel_id, sent_at) where sent_at is not null;   -- what took a place
create index publications_draft on publications (tenant_id, draft_id);
create index publications_due on publications (tenant_id, due_at);
create index publications_troubled on publications (tenant_id) where state = 'live' and error <> '';   -- what is out, and something is wrong with it
create index publications_open on publications (state) where state not in ('live', 'retracted');   -- how many are not over
create index publications_state on publications (tenant_id, state, id desc);   -- lists of one state, and how many there are of it
create index publications_live on publications (tenant_id, live_at desc, id desc) where state in ('live', 'updating');   -- what drafts may link to

-- A picture that a tenant uses, with what has to be said of where it comes from. Its bytes are what the channels receive.
create table images (
  tenant_id uuid not null references tenants,
  id uuid not null,
  sha256 bytea not null check (sha256 = sha256(bytes)),
  mime text not null check (mime in ('image/jpeg', 'image/png', 'image/webp')),
  width integer not null check (width > 0),
  height integer not null check (height > 0),
  bytes bytea not null check (length(bytes) <= 4000000),
  provider text not null,                     -- pexels, or own for one that a person brought
  external_id text not null default '',
  page_url text not null default '',          -- where it is shown with its terms
  author text not null default '',
  author_url text not null default '',
  alt text not null default '',
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, sha256)
);
alter table images alter column bytes set storage external;   -- compressed already

-- What a library of pictures answered, for all tenants alike: asked once a week for the same words.
create table photo_searches (
  key bytea primary key,                      -- sha256 of library, language and words
  photos jsonb not null,
  asked_at timestamptz not null default cid_now()
);
create index photo_searches_asked on photo_searches (asked_at);
grant select, insert, update, delete on photo_searches to cid_worker;

-- ---------------------------------------------------------------------------------------------- mail

-- Mail is at most once: what it was, for whom and why is never deleted; its text is, once it is over.
create table mails (
  id uuid primary key,
  tenant_id uuid references tenants,          -- null: the platform's own, as an invitation
  kind text not null check (kind in ('invite', 'reset', 'digest', 'breaking', 'change', 'briefing', 'link', 'notice')),
  key text not null,                          -- one of a kind, person and key: a digest's is its day
  user_id uuid references users,
  address text not null,                      -- as it was when it was planned
  subject text not null,
  tells jsonb not null default '{}',          -- runs of which it tells more than that they are there, with the TLP that it names
  message text,                               -- sealed: it may carry links that let somebody in; null some days after it is over
  state text not null default 'planned' check (state in ('planned', 'sending', 'sent', 'refused', 'unknown', 'bounced')),
  error text not null default '',
  given_up boolean not null default false,    -- refused by ourselves, which says nothing of the address
  attempts integer not null default 0,
  job_id bigint,                              -- the hand-out that has it in hand
  lease bigint,
  planned_at timestamptz not null default cid_now(),
  until timestamptz,                          -- not sent after it: nobody wants it any more, or what it links to has ended
  sent_at timestamptz,
  changed_at timestamptz not null default cid_now()
);
create unique index mails_once on mails (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), kind, address, key);
create index mails_recent on mails (tenant_id, id desc);
create index mails_user on mails (user_id);
create index mails_open on mails (state) where state <> 'sent';   -- how many wait, failed or came back
create index mails_address on mails (address, id desc);
create index mails_kept on mails (changed_at) where message is not null;   -- texts that are still here

-- What mail somebody wants of a tenant. Without a row: the digest at 7 in the tenant's zone.
create table mail_wishes (
  tenant_id uuid not null references tenants,
  user_id uuid not null references users,
  digest boolean not null default true,
  hour smallint not null default 7 check (hour between 0 and 23),
  zone text not null default '',              -- empty: the tenant's
  breaking boolean not null default false,    -- at once, when a draft of an urgent story is ready
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, user_id)
);

-- Somebody's day at a tenant whose digest was decided on: one row, whatever became of it.
create table digest_days (
  tenant_id uuid not null references tenants,
  user_id uuid not null references users,
  day date not null,                          -- where the person is
  outcome text not null check (outcome in ('mailed', 'empty', 'off', 'missed', 'marked')),
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, user_id, day)
);
create index digest_days_made on digest_days (made_at);
create index digest_days_user on digest_days (user_id);

-- A link in a mail: to one version, for one person, until it decided or ended. What the link says is signed, not stored.
create table review_links (
  tenant_id uuid not null references tenants,
  id uuid not null,
  draft_id uuid not null,
  version_id uuid not null,
  user_id uuid not null references users,
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, draft_id) references drafts,
  foreign key (tenant_id, version_id) references versions (tenant_id, id)
);
create index review_links_draft on review_links (tenant_id, draft_id);
create index review_links_user on review_links (user_id);

-- ---------------------------------------------------------------------------------------------- the calendar

-- The secret address at which somebody's calendar program reads a tenant's calendar. It ends with the membership.
create table calendar_feeds (
  tenant_id uuid not null references tenants,
  user_id uuid not null references users,
  hash bytea not null unique,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references members (tenant_id, user_id) on delete cascade
);
create index calendar_feeds_user on calendar_feeds (user_id);

-- ---------------------------------------------------------------------------------------------- programs

-- What lets a program in as somebody, for less than that person may do.
create table api_tokens (
  tenant_id uuid not null references tenants,
  id uuid not null,
  user_id uuid not null references users,     -- in whose name it acts
  name text not null check (length(name) between 1 and 100),
  hash bytea not null unique,
  scopes text[] not null check (cardinality(scopes) > 0),
  created_at timestamptz not null default cid_now(),
  expires_at timestamptz,
  used_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, id)
);
create index api_tokens_user on api_tokens (user_id);

-- Answers to what a program asked for once, by its own key: asked again, it is told the same.
create table api_answers (
  tenant_id uuid not null references tenants,
  token_id uuid not null,
  key text not null check (length(key) between 1 and 255),
  request bytea not null,                     -- sha256 of method, path and body: the same key for something else is a mistake
  status smallint,                            -- null: it is being done
  body text,                                  -- JSON, to the letter as it was answered
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, token_id, key),
  foreign key (tenant_id, token_id) references api_tokens (tenant_id, id)
);
create index api_answers_made on api_answers (made_at);

-- ---------------------------------------------------------------------------------------------- the analysis desk

-- Outlets that were to be analysed together. What became of it is a fold of its runs; nothing is counted here.
create table run_batches (
  tenant_id uuid not null references tenants,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  requested_by uuid references users,
  created_at timestamptz not null default cid_now(),
  primary key (tenant_id, id)
);
create index run_batches_recent on run_batches (tenant_id, created_at desc, id desc);
create index run_batches_requested_by on run_batches (requested_by) where requested_by is not null;

-- Runs on a schedule.
create table monitors (
  tenant_id uuid not null references tenants,
  id uuid not null,
  outlet text not null check (length(outlet) between 1 and 200),
  outlet_key text not null,
  country text not null default '',
  url text not null default '',
  platform text not null check (platform in ('news', 'x', 'telegram')),
  period text not null check (period in ('h', 'd', 'w', 'm', 'y')),
  items smallint not null check (items between 1 and 20),
  sources text[] not null default '{}',
  substitute boolean not null default false,
  tlp text not null default 'amber' check (tlp in ('clear', 'green', 'amber', 'amber+strict', 'red')),
  every_hours smallint not null check (every_hours between 1 and 2160),
  threshold smallint not null default 50 check (threshold between 0 and 100), -- changes from this size on are mailed at once
  active boolean not null default true,
  next_at timestamptz not null default cid_now(),
  made_by uuid references users,
  created_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  primary key (tenant_id, id)
);
create index monitors_due on monitors (next_at) where active;
create index monitors_made_by on monitors (made_by) where made_by is not null;

-- One analysis of one outlet. docs/states.md has its moves.
create table runs (
  tenant_id uuid not null references tenants,
  id uuid not null,
  batch_id uuid,
  monitor_id uuid,
  outlet text not null check (length(outlet) between 1 and 200),
  outlet_key text not null,
  country text not null default '',           -- ISO 3166-1 alpha-2, XK for Kosovo; empty: not said
  url text not null default '',
  platform text not null check (platform in ('news', 'x', 'telegram')),
  period text not null check (period in ('h', 'd', 'w', 'm', 'y')),
  items smallint not null check (items between 1 and 20),
  sources text[] not null default '{}',       -- which may be asked, the first first
  substitute boolean not null default false,  -- a recorded permission: the next is asked where one fails or has nothing
  tlp text not null default 'amber' check (tlp in ('clear', 'green', 'amber', 'amber+strict', 'red')),
  state text not null default 'queued'
    check (state in ('queued', 'fetching', 'asking', 'scoring', 'completed', 'partial', 'failed')),
  failure text check (failure in ('no_items', 'sources', 'no_key', 'model', 'cancelled', 'internal')),
  detail text not null default '',
  shortfalls text[] not null default '{}',
  requested_by uuid references users,
  sample boolean not null default false,
  score smallint check (score between 0 and 70),
  rating text not null default '' check (rating in ('', 'excellent', 'good', 'acceptable', 'poor', 'failing')),
  provider text not null default '',
  profile jsonb,                              -- what the platform says about the account, as it was told then
  created_at timestamptz not null default cid_now(),
  changed_at timestamptz not null default cid_now(),
  ended_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, batch_id) references run_batches (tenant_id, id),
  foreign key (tenant_id, monitor_id) references monitors (tenant_id, id),
  check ((state = 'failed') = (failure is not null)),
  check ((state in ('completed', 'partial', 'failed')) = (ended_at is not null)),
  check ((state = 'partial') = (cardinality(shortfalls) > 0))
);
create index runs_recent on runs (tenant_id, created_at desc, id desc);
create index runs_states on runs (tenant_id, state, created_at desc, id desc);
create index runs_outlets on runs (tenant_id, outlet_key, created_at desc, id desc);
-- one for each filter of the list, in its order: find_runs walks along the one of the filter that it is given as the narrowest
create index runs_ratings on runs (tenant_id, rating, created_at desc, id desc);
create index runs_tlps on runs (tenant_id, tlp, created_at desc, id desc);
create index runs_countries on runs (tenant_id, country, created_at desc, id desc);
create index runs_platforms on runs (tenant_id, platform, created_at desc, id desc);
create index runs_open on runs (changed_at) where state in ('queued', 'fetching', 'asking', 'scoring');
create index runs_batch on runs (tenant_id, batch_id) where batch_id is not null;
create index runs_monitor on runs (tenant_id, monitor_id, created_at desc, id desc) where monitor_id is not null;
create index runs_requested_by on runs (requested_by) where requested_by is not null;

-- How many runs there are, of what becomes of them and of their scores, counted as they come and end: figures read these rows and no
-- run. `at`: when the hour or day (of UTC) began in which they were asked for; the epoch: of all time. `slot`: processes that end runs
-- at the same moment write rows of their own, which are summed up when they are read. Hours and days go when no figure reads them.
create table run_sums (
  tenant_id uuid not null references tenants,
  grain text not null check (grain in ('ever', 'day', 'hour')),
  at timestamptz not null,
  slot smallint not null,
  runs bigint not null default 0,
  completed bigint not null default 0,
  partial bigint not null default 0,
  failed bigint not null default 0,
  scored bigint not null default 0,
  points bigint not null default 0,
  excellent bigint not null default 0,
  good bigint not null default 0,
  acceptable bigint not null default 0,
  poor bigint not null default 0,
  failing bigint not null default 0,
  primary key (tenant_id, grain, at, slot)
) with (fillfactor = 50);
create index run_sums_old on run_sums (grain, at) where grain <> 'ever';

-- At the end of the transaction, when nothing else is locked any more: so a row is held for as long as the commit takes, and who waits
-- for one holds none that somebody else waits for (the row of all time comes first and stands before the other two).
create function count_run() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function count_run() from public;
create constraint trigger runs_come after insert on runs deferrable initially deferred for each row execute function count_run();
create constraint trigger runs_end after update of state, score, rating on runs deferrable initially deferred for each row
  when ((old.state in ('completed', 'partial', 'failed') or new.state in ('completed', 'partial', 'failed')) and old.state <> new.state
        or old.score is distinct from new.score or old.rating <> new.rating)
  execute function count_run();

-- What those rows have to say, by reading every run: days and hours as far back as figures reach.
create view recounted_runs with (security_invoker = true) as
  with hours as (
    select tenant_id, date_trunc('hour', created_at, 'UTC') as at, count(*) as runs, count(*) filter (where state = 'completed') as completed,
      count(*) filter (where state = 'partial') as partial, count(*) filter (where state = 'failed') as failed, count(score) as scored,
      coalesce(sum(score), 0) as points, count(*) filter (where rating = 'excellent') as excellent, count(*) filter (where rating = 'good') as good,
      count(*) filter (where rating = 'acceptable') as acceptable, count(*) filter (where rating = 'poor') as poor,
      count(*) filter (where rating = 'failing') as failing
    from runs group by 1, 2
  )
  select h.tenant_id, g.grain, g.at, sum(runs)::bigint as runs, sum(completed)::bigint as completed, sum(partial)::bigint as partial,
    sum(failed)::bigint as failed, sum(scored)::bigint as scored, sum(points)::bigint as points, sum(excellent)::bigint as excellent,
    sum(good)::bigint as good, sum(acceptable)::bigint as acceptable, sum(poor)::bigint as poor, sum(failing)::bigint as failing
  from hours h cross join lateral (
    values ('ever', timestamptz 'epoch', true),
           ('day', date_trunc('day', h.at, 'UTC'), h.at >= date_trunc('day', cid_now(), 'UTC') - interval '35 days'),
           ('hour', h.at, h.at >= date_trunc('hour', cid_now(), 'UTC') - interval '2 days')) g (grain, at, read)
  where g.read
  group by 1, 2, 3;

create table run_steps (
  tenant_id uuid not null references tenants,
  run_id uuid not null,
  number smallint not null,
  state text not null check (state in ('queued', 'fetching', 'asking', 'scoring', 'completed', 'partial', 'failed')),
  said text not null default '',
  at timestamptz not null default cid_now(),
  primary key (tenant_id, run_id, number),
  foreign key (tenant_id, run_id) references runs (tenant_id, id)
);

create table run_fetches (
  tenant_id uuid not null references tenants,
  run_id uuid not null,
  number smallint not null,
  via text not null,
  address text not null,
  outcome text not null,
  cause text not null default '',
  detail text not null default '',
  found integer not null default 0,
  kept integer not null default 0,
  at timestamptz not null default cid_now(),
  primary key (tenant_id, run_id, number),
  foreign key (tenant_id, run_id) references runs (tenant_id, id)
);
create index run_fetches_last on run_fetches (tenant_id, via, outcome, at desc);

-- What was fetched for a run, as it was then. Append-only: quotes are held against these bytes.
create table run_items (
  tenant_id uuid not null references tenants,
  run_id uuid not null,
  number smallint not null check (number > 0),
  via text not null,
  url text not null,
  title text not null,
  text text not null,
  grain text not null check (grain in ('article', 'summary', 'title', 'post')),
  text_state text not null default '',
  sha256 bytea not null,
  publisher text not null default '',
  author text not null default '',
  language text not null default '',
  published_at timestamptz,
  fetched_at timestamptz not null default cid_now(),
  facts jsonb not null default '{}',
  sample boolean not null default false,
  primary key (tenant_id, run_id, number),
  foreign key (tenant_id, run_id) references runs (tenant_id, id)
);

create table briefings (
  tenant_id uuid not null references tenants,
  run_id uuid not null,
  briefing jsonb,                             -- null: the answer had no structure, and `raw` is all there is
  raw text not null default '',
  problems text[] not null default '{}',
  schema_version text not null,
  provider text not null,
  prompt_version text not null,
  prompt_hash bytea not null,
  input_hash bytea not null,
  call_id uuid,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, run_id),
  foreign key (tenant_id, run_id) references runs (tenant_id, id)
);

create table scorecards (
  tenant_id uuid not null references tenants,
  run_id uuid not null,
  card jsonb not null,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, run_id),
  foreign key (tenant_id, run_id) references runs (tenant_id, id)
);

create table narrative_matches (
  tenant_id uuid not null references tenants,
  id uuid not null,
  run_id uuid not null,
  narrative text not null,
  name text not null,
  category text not null,
  place text not null check (place in ('item', 'report')),
  item smallint,
  spans jsonb not null default '[]',
  cues smallint not null,
  strength text not null check (strength in ('low', 'moderate', 'high')),
  stance text not null check (stance in ('repeats', 'reports', 'debunks')),
  language text not null default '',
  by text not null check (by in ('catalogue', 'classifier')),
  probability double precision,
  version text not null default '',
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, run_id) references runs (tenant_id, id),
  foreign key (tenant_id, run_id, item) references run_items (tenant_id, run_id, number),
  check ((place = 'item') = (item is not null))
);
create index narrative_matches_run on narrative_matches (tenant_id, run_id);
create index narrative_matches_over_time on narrative_matches (tenant_id, narrative, made_at, id) include (stance, place);

-- What people said of a match; the last counts.
create table match_verdicts (
  tenant_id uuid not null references tenants,
  id uuid not null,
  match_id uuid not null,
  verdict text not null check (verdict in ('confirmed', 'rejected')),
  note text not null default '' check (length(note) <= 2000),
  user_id uuid references users,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, match_id) references narrative_matches (tenant_id, id)
);
create index match_verdicts_match on match_verdicts (tenant_id, match_id, made_at desc, id desc);
create index match_verdicts_user on match_verdicts (user_id) where user_id is not null;

create table run_feedback (
  tenant_id uuid not null references tenants,
  id uuid not null,
  run_id uuid not null,
  about text not null check (about in ('run', 'finding', 'match')),
  ref text not null default '',
  feeling text not null check (feeling in ('useful', 'wrong', 'misleading', 'missing')),
  note text not null default '' check (length(note) <= 4000),
  user_id uuid references users,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, run_id) references runs (tenant_id, id)
);
create index run_feedback_run on run_feedback (tenant_id, run_id, made_at);
create index run_feedback_user on run_feedback (user_id) where user_id is not null;

-- What a monitor's run changed against the one before it.
create table monitor_changes (
  tenant_id uuid not null references tenants,
  id uuid not null,
  monitor_id uuid not null,
  run_id uuid not null,
  before_run_id uuid,                         -- null: there was none to compare with
  size smallint not null check (size between 0 and 100),
  change jsonb not null,
  made_at timestamptz not null default cid_now(),
  primary key (tenant_id, id),
  unique (tenant_id, run_id),
  foreign key (tenant_id, monitor_id) references monitors (tenant_id, id),
  foreign key (tenant_id, run_id) references runs (tenant_id, id),
  foreign key (tenant_id, before_run_id) references runs (tenant_id, id)
);
create index monitor_changes_recent on monitor_changes (tenant_id, made_at desc, id desc);
create index monitor_changes_monitor on monitor_changes (tenant_id, monitor_id, made_at desc, id desc);
create index monitor_changes_before on monitor_changes (tenant_id, before_run_id) where before_run_id is not null;

-- ---------------------------------------------------------------------------------------------- models and money

create table calls (
  id uuid not null primary key,
  tenant_id uuid not null,
  stage text not null,
  tier text not null check (tier in ('cheap', 'quality', '')),  -- empty: no model, but a source that is paid for by what is read
  provider text not null,
  model text not null,
  prompt text not null,
  prompt_version text not null,
  prompt_hash bytea not null,
  input_hash bytea not null,
  attempt integer not null default 1,
  repaired_from uuid,                         -- the call whose reply left open what this one asks for
  instead_of text not null default '',        -- models that came first and did not answer, each with its reason
  request jsonb not null default '{}',        -- shared parts, inputs by opaque id, schema, ceiling: what a trial asks again
  state text not null default 'sent' check (state in ('sent', 'answered', 'failed', 'ambiguous')),
  stop text not null default '',
  served text not null default '',
  request_id text not null default '',
  input integer not null default 0,
  cache_read integer not null default 0,
  cache_write integer not null default 0,
  cache_write_1h integer not null default 0,
  output integer not null default 0,
  thinking integer not null default 0,
  units jsonb not null default '{}',          -- what was charged where that is not tokens: {"post": 12, "user": 1}
  reserved numeric(18, 12) not null,
  tokens integer not null default 0,          -- what the limit of tokens per minute was charged until the reply came
  cost numeric(18, 12),
  price_from date,                            -- since when the price held that made the cost
  error text not null default '',
  reply text,
  reading text not null default '',           -- how the reply was read: strict, fenced or widest
  subjects jsonb not null default '[]',       -- [[opaque id, subject, input hash in hex]]: what a stored reply answers
  batch_id uuid,                              -- the batch it is asked in, at the vendor's lower price
  wire jsonb,                                 -- what is sent of it once its batch goes, until it has ended
  sent_at timestamptz not null default cid_now(),
  deadline timestamptz not null default cid_now() + interval '5 minutes', -- after it nobody waits for the reply
  answered_at timestamptz,
  read_at timestamptz                         -- its answers are in call_subjects, or there are none to read
) partition by range (id);
create index calls_recent on calls (tenant_id, sent_at desc) include (stage, provider, model, state, reserved, cost);  -- sums read nothing else
create index calls_troubled on calls (tenant_id, sent_at desc) where state in ('failed', 'ambiguous');
create index calls_subjects on calls using gin (jsonb_path_query_array(subjects, '$[*][1]'));  -- what was asked about a story or a version
-- Lists by stage, model or state: found kind by kind, so that a rare kind costs no walk through the others.
create index calls_kinds on calls (tenant_id, stage, provider, model, state, sent_at desc, id desc);
create index calls_open on calls (deadline) where state = 'sent';
create index calls_unread on calls (tenant_id, stage) where state = 'answered' and read_at is null;
create index calls_reads on calls (tenant_id, input_hash) where stage in ('poll', 'search');  -- has this stretch of a source, or this search, been paid for?
create index calls_batch on calls (tenant_id, batch_id) where batch_id is not null;
create index calls_batched on calls (tenant_id, stage, sent_at) where batch_id is not null;

-- Calls of one tenant and model that may wait, sent together at the vendor's lower price. Its id is the mark it carries there,
-- so that one whose sending was never answered is found in the vendor's list and not sent again. docs/states.md has its moves.
create table batches (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  provider text not null,
  model text not null,
  state text not null default 'planned'
    check (state in ('planned', 'submitting', 'unknown', 'submitted', 'ended', 'read', 'failed')),
  external_id text not null default '',       -- the vendor's
  requests integer not null default 0,
  bytes bigint not null default 0,            -- of its requests, no fewer than they have
  attempts integer not null default 0,        -- how often it was begun to be sent
  planned_at timestamptz not null,
  due_at timestamptz not null,                -- when there is something to do with it; changes with every move
  submitted_at timestamptz,                   -- when its last sending began
  ended_at timestamptz,
  error text not null default ''
);
create index batches_due on batches (due_at) where state not in ('read', 'failed');
create index batches_open on batches (tenant_id, provider, model) where state = 'planned';
create index batches_known on batches (provider, submitted_at) where external_id <> '';

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
create index call_subjects_call on call_subjects (tenant_id, call_id);

-- A version of a prompt asked again what another version was asked, before it goes live. One at a time per tenant and version.
create table trials (
  tenant_id uuid not null references tenants,
  id uuid not null,
  prompt text not null,
  version text not null,
  last integer not null check (last between 1 and 1000),
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  why text not null default '',               -- what it waits for, or why it failed
  total integer not null default 0,           -- subjects to be asked again
  offline boolean not null default false,     -- no model was asked
  asked_by uuid references users,
  made_at timestamptz not null default cid_now(),
  ended_at timestamptz,
  primary key (tenant_id, id)
);
create unique index trials_one on trials (tenant_id, prompt, version) where state in ('waiting', 'running');
create table trial_subjects (
  tenant_id uuid not null,
  trial_id uuid not null,
  call_id uuid not null,                      -- the stored call whose input is asked again
  id text not null,                           -- opaque, of that call
  subject text not null,
  before jsonb,                               -- null: no answer was kept
  after jsonb,                                -- null: none yet, or `error` says why
  error text not null default '',
  before_score integer,
  after_score integer,
  before_verdict text not null default '',
  after_verdict text not null default '',
  after_call uuid,
  primary key (tenant_id, trial_id, call_id, id),
  foreign key (tenant_id, trial_id) references trials
);

-- What each tenant, and the platform (the zero uuid) as a whole, set aside and spent per day and month, all together and
-- by stage. Written by the functions below alone.
create table budgets (
  tenant_id uuid not null,
  period text not null check (period in ('day', 'month')),
  starts date not null,
  scope text not null default '',             -- a stage; empty: all of them
  reserved numeric(18, 12) not null default 0 check (reserved >= 0),
  spent numeric(18, 12) not null default 0 check (spent >= 0),
  warned_at timestamptz,                      -- when it first came near its cap
  primary key (tenant_id, starts, period, scope)
) with (fillfactor = 50);

-- What is set on pages over config/models.toml: by a tenant for itself; under the zero uuid for everybody. Null: not set.
create table model_terms (
  tenant_id uuid primary key,
  cheap text[] check (cardinality(cheap) > 0),       -- `provider/model` in the order of asking
  quality text[] check (cardinality(quality) > 0),
  per_day numeric(18, 12) check (per_day >= 0),      -- US dollars, of one tenant
  per_month numeric(18, 12) check (per_month >= 0),
  per_stage jsonb not null default '{}',             -- stage → US dollars per day, of one tenant
  all_per_day numeric(18, 12) check (all_per_day >= 0), -- under the zero uuid: of all tenants together
  stopped text,                                      -- why no model is asked; null: they are
  changed_by uuid,
  changed_at timestamptz not null default cid_now()
);

-- Models that failed. From three failures in a row on one is left alone, each time twice as long; then one call tries it.
create table breakers (
  model text primary key,                     -- `provider/model`
  failures integer not null default 0,        -- in a row
  open_until timestamptz,
  why text not null default '',
  changed_at timestamptz not null default cid_now()
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
create index audit_tenant on audit (tenant_id, id desc);
create index audit_person on audit (tenant_id, user_id, id desc);
create index audit_action on audit (tenant_id, action, id desc);
create index audit_target on audit (tenant_id, target, id desc);
create index audit_platform on audit (id desc) where tenant_id is null;

-- ---------------------------------------------------------------------------------------------- the queue

create sequence job_ids;
create table jobs (
  -- taken before the insert, so that a producer learns which of its jobs became which; kept through snoozes and a second life
  id bigint primary key default nextval('job_ids'),
  tenant_id uuid not null,                    -- the zero uuid: work of the platform
  kind text not null,
  key text collate "C" not null default '',   -- what it belongs to inside its tenant: groups, turns and limits go by it
  state text not null default 'ready' check (state in ('scheduled', 'ready', 'running')),
  priority smallint not null default 0,
  run_at timestamptz not null default cid_now(),
  attempt integer not null default 0,
  worker uuid,
  lease bigint,
  deadline timestamptz,
  counted boolean not null default false,     -- its hand-out, which is its lease, counts against a limit
  cancel boolean not null default false,      -- asked for while running
  dedupe_key text,
  payload jsonb not null default '{}',
  error text not null default '',
  created_at timestamptz not null default cid_now(),
  started_at timestamptz,                     -- the last hand-out
  check ((state = 'running') = (worker is not null and lease is not null and deadline is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index jobs_ready on jobs (kind, tenant_id, key, priority, id) where state = 'ready';
create index jobs_scheduled on jobs (run_at) where state = 'scheduled';
create index jobs_running on jobs (worker) where state = 'running';
create index jobs_counted on jobs (kind, tenant_id, key, lease) where counted;
create index jobs_cancel on jobs (worker) where cancel;   -- every beat asks: not of all that runs and ran
create unique index jobs_dedupe on jobs (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null;

create table jobs_done (
  id bigint not null,
  tenant_id uuid not null,
  kind text not null,
  -- merged: it was to be tried again, and a waiting job with the same dedupe key does that
  outcome text not null check (outcome in ('done', 'cancelled', 'merged')),
  attempt integer not null,
  payload jsonb not null,
  created_at timestamptz not null,
  run_at timestamptz not null,                -- due; from here to the start it waited for its turn
  started_at timestamptz,                     -- null: cancelled before it ran
  ended_at timestamptz not null default cid_now()
) partition by range (ended_at);
create index jobs_done_time on jobs_done using brin (ended_at);

create table jobs_dead (
  id bigint primary key,
  tenant_id uuid not null,
  kind text not null,
  key text collate "C" not null default '',
  priority smallint not null default 0,
  dedupe_key text,
  attempt integer not null,
  payload jsonb not null,
  error text not null,
  created_at timestamptz not null,
  died_at timestamptz not null default cid_now()
);
create index jobs_dead_tenant on jobs_dead (tenant_id, died_at desc);
create index jobs_dead_screenings on jobs_dead (died_at) where payload ? 'screening';   -- which are not woken at once
create index jobs_dead_outgoing on jobs_dead (died_at) where kind in ('mail', 'publish', 'review');   -- which of them left something half done
create index jobs_dead_runs on jobs_dead ((payload ->> 'run')) where payload ? 'run';         -- which of them ended a run

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

-- How much of a kind may wait before its producers hold back; written from config by every start.
create table high_water (
  kind text primary key,
  mark integer not null check (mark > 0)
);

-- Paused kinds ('*': every kind), for one tenant or (zero uuid) for all.
create table pauses (
  kind text not null,
  tenant_id uuid not null default '00000000-0000-0000-0000-000000000000',
  paused_at timestamptz not null default cid_now(),
  primary key (kind, tenant_id)
);

-- ---------------------------------------------------------------------------------------------- the queue's functions

-- Hand-outs of a kind that has groups or limits: up to p_hands, each of up to p_size jobs of one (tenant, key), at most p_share of
-- an entry; entries come in the order of their turns and go on behind the job (priority, id) they were at. A group goes out when
-- it is full, its oldest job waited p_linger, or one of it is urgent (priority below 0): that one takes along whoever waits. At most p_most hand-outs of the kind and p_most_per_key of an entry run at once,
-- in all processes together, and one starts in every p_every (p_every_per_key), p_burst of them at once: null is no limit.
--
-- A function because the counting must see what the claim before it committed: under the lock of the kind or of the entry each
-- statement has a fresh snapshot. In one statement the count and the lock share a snapshot, and a limit of one lets two run.
--
-- Every hand-out has a lease of its own, p_lease and its number, and runs until the last of its jobs has ended. Answers the jobs;
-- where there are none, maybe one row without id that says in how many seconds to ask again.
create function claim_limited(
  p_kind text, p_tenants uuid[], p_keys text[], p_priorities smallint[], p_ids bigint[], p_shares integer[], p_hands integer,
  p_size integer, p_linger interval, p_worker uuid, p_lease bigint, p_deadline interval,
  p_most integer, p_most_per_key integer, p_every interval, p_burst integer, p_every_per_key interval, p_burst_per_key integer)
returns table (id bigint, tenant_id uuid, key text, priority smallint, attempt integer, lease bigint, payload jsonb, error text,
               wait double precision)
language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- See put_back.
create function put_back_once(p_ids bigint[], p_leases bigint[], p_run_at timestamptz[], p_refund boolean, p_errors text[])
returns table (id bigint, kind text, outcome text)
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
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
$$;

-- Running jobs go back to wait: at p_run_at, or at once where that is null; p_refund gives the attempt back. One that was to
-- be cancelled is, and one whose dedupe twin waits merges into it. Fenced by (id, lease); answers what became of each.
-- All in one statement; where a twin turns up meanwhile, one by one.
create function put_back(p_ids bigint[], p_leases bigint[], p_run_at timestamptz[], p_refund boolean, p_errors text[])
returns table (id bigint, kind text, outcome text)
language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- Jobs of processes that are silent for p_silent or unknown, and jobs whose deadline passed a minute ago (the process lives
-- but its loop does not): back to ready, or dead where the tries of their kind are used up.
-- Without p_deep only those are looked at whose row says that they are silent: an old snapshot that somebody holds keeps every
-- job that ended since in the index of the running ones.
create function rescue(p_silent interval, p_kinds text[], p_tries integer[], p_limit integer, p_deep boolean)
returns table (id bigint, kind text, outcome text)
language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- Scheduled jobs that are due become ready, all in one statement; where that fails, one by one, and the one at fault is put
-- off with the reason instead of holding up the rest for ever.
create function move_due(p_limit integer) returns table (kind text, moved integer)
language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- Partitions of the history that ended before p_keep ago; at least a day stays.
create function drop_old_history(p_keep interval) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- For people with psql, and for the desk's own commands. Invoker's rights: row security holds here as everywhere.
create view inspect.jobs_now with (security_invoker = true) as
  select j.id, j.kind, j.state, t.slug as tenant, j.key, j.priority, j.attempt, j.run_at, cid_now() - j.run_at as waited,
         j.deadline, w.host, w.pid, j.cancel, j.dedupe_key, j.payload, j.error, j.created_at, j.tenant_id,
         exists (select from pauses p where p.kind in (j.kind, '*')
                 and p.tenant_id in (j.tenant_id, '00000000-0000-0000-0000-000000000000')) as paused
  from jobs j left join workers w on w.id = j.worker left join tenants t on t.id = j.tenant_id;

-- What should have moved and did not: running past its deadline or without a living process, due and not moved, ready and
-- not claimed for ten minutes though nobody paused it.
create view inspect.jobs_stuck with (security_invoker = true) as
  select j.*, s.why
  from inspect.jobs_now j
  cross join lateral (select case
      when j.state = 'running' and j.deadline < cid_now() then 'past its deadline'
      when j.state = 'running' and not exists (
        select from jobs r join workers w on w.id = r.worker where r.id = j.id and w.beat_at > cid_now() - interval '30 seconds')
        then 'its process is silent'
      when j.state = 'scheduled' and j.run_at < cid_now() - interval '30 seconds' then 'due, and nobody moved it'
      when j.state = 'ready' and not j.paused and j.run_at < cid_now() - interval '10 minutes' then 'ready, and nobody claims it'
    end as why) s
  where s.why is not null;

-- Where it runs, since when, until when; a process that did not beat for 30 seconds loses its jobs.
create view inspect.jobs_running with (security_invoker = true) as
  select j.id, j.kind, t.slug as tenant, j.key, j.attempt, w.host, w.pid, j.started_at, j.deadline, w.beat_at, j.cancel, j.tenant_id
  from jobs j left join workers w on w.id = j.worker left join tenants t on t.id = j.tenant_id
  where j.state = 'running';

-- What waits, by whom: ready jobs wait for their turn, scheduled ones for their time. `oldest` was due first.
create view inspect.jobs_waiting with (security_invoker = true) as
  select g.kind, t.slug as tenant, g.key, g.ready, g.scheduled, g.oldest, cid_now() - g.oldest as waited, g.tenant_id
  from (select j.kind, j.tenant_id, j.key, count(*) filter (where j.state = 'ready') as ready,
               count(*) filter (where j.state = 'scheduled') as scheduled, min(j.run_at) filter (where j.state = 'ready') as oldest
        from jobs j where j.state <> 'running' group by j.kind, j.tenant_id, j.key) g
  left join tenants t on t.id = g.tenant_id;

-- What is paused, since when, and how many jobs wait for it to be resumed. Tenant null: for everybody.
create view inspect.paused with (security_invoker = true) as
  select p.kind, t.slug as tenant, p.paused_at, cid_now() - p.paused_at as lasted, p.tenant_id,
         (select count(*) from jobs j where j.state = 'ready' and (p.kind = '*' or j.kind = p.kind)
          and (p.tenant_id = '00000000-0000-0000-0000-000000000000' or j.tenant_id = p.tenant_id)) as held
  from pauses p left join tenants t on t.id = p.tenant_id;

-- Whom a rate holds back: of this kind, tenant and key (null: the whole kind) nothing starts before `until`, or a little sooner
-- where the rate allows several at once.
create view inspect.rates with (security_invoker = true) as
  select split_part(l.key, ' ', 2) as kind, t.slug as tenant,
         case when split_part(l.key, ' ', 3) <> '' then substr(l.key, length(split_part(l.key, ' ', 2)) + 44) end as key,
         l.tat as until, l.tat - cid_now() as lasts, nullif(split_part(l.key, ' ', 3), '')::uuid as tenant_id
  from limits l left join tenants t on t.id = nullif(split_part(l.key, ' ', 3), '')::uuid
  where l.key like 'jobs %' and l.tat > cid_now();

-- Who is there, since when silent, and how many jobs it has in hand. One that did not beat for 30 seconds loses them.
create view inspect.processes with (security_invoker = true) as
  select w.host, w.pid, w.version, w.started_at, w.beat_at, cid_now() - w.beat_at as silent,
         w.beat_at > cid_now() - interval '30 seconds' as alive,
         (select count(*) from jobs j where j.worker = w.id and j.state = 'running') as running, w.kinds, w.parts, w.id
  from workers w;

-- How far each partitioned table reaches, and how large its parts are.
create view inspect.partitions with (security_invoker = true) as
  select p.relname::text as parent, c.relname::text as partition, b.starts, b.ends, pg_total_relation_size(c.oid) as bytes
  from pg_inherits i
  join pg_class p on p.oid = i.inhparent and p.relkind = 'p' and p.relnamespace = 'public'::regnamespace
  join pg_class c on c.oid = i.inhrelid
  cross join lateral (
    select case when m.low like '%:%' then m.low::timestamptz
                else to_timestamp(('x' || left(replace(m.low, '-', ''), 12))::bit(48)::bigint / 1000) end as starts,
           case when m.high like '%:%' then m.high::timestamptz
                else to_timestamp(('x' || left(replace(m.high, '-', ''), 12))::bit(48)::bigint / 1000) end as ends
    from (select x[1] as low, x[2] as high
          from regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.*)''\) TO \(''(.*)''\)') x) m) b;

-- What became of a job, wherever it is now. `at`: due, ended or died.
create function inspect.job(p_id bigint)
returns table (id bigint, kind text, state text, tenant text, key text, attempt integer, created_at timestamptz, started_at timestamptz,
               at timestamptz, error text, payload jsonb)
language sql stable set search_path = pg_catalog, public, pg_temp as $$
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
$$;

-- By its short name; fails where there is none, because no tenant at all means every tenant below.
create function inspect.tenant(p_slug text) returns uuid
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  found_id uuid := (select t.id from tenants t where t.slug = p_slug);
begin
  if found_id is null then
    raise exception 'there is no tenant %', p_slug using errcode = 'no_data_found';
  end if;
  return found_id;
end $$;

create view inspect.jobs_dead with (security_invoker = true) as
  select d.id, d.kind, t.slug as tenant, d.key, d.priority, d.attempt, d.error, d.payload, d.created_at, d.died_at, d.tenant_id
  from jobs_dead d left join tenants t on t.id = d.tenant_id;

-- A dead job gets all its tries again, as the job it was. False where there is no such dead job, or where a waiting job with the
-- same key does the work already: then the dead one stays, to be looked at.
create function inspect.retry_job(p_id bigint) returns boolean
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
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
$$;

-- As retry_job for all dead jobs of this kind, tenant (null: of any), with this text in their reason, that died since then.
-- `back` came back; `stayed` did not, because a waiting job with the same key does the work. In one statement: all or none.
create function inspect.retry_dead(p_kind text default null, p_tenant uuid default null, p_reason text default '',
                                   p_since timestamptz default '-infinity')
returns table (back bigint, stayed bigint)
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
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
$$;

-- Ends all waiting jobs of this kind and tenant and key (null: of any) at once; answers how many. Running ones go on.
create function inspect.cancel_waiting(p_kind text, p_tenant uuid default null, p_key text default null) returns bigint
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
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
$$;

-- A waiting job ends at once; a running one is asked to, and its process hears of it at its next beat.
-- Answers cancelled, asked, or null where there is no such job.
create function inspect.cancel_job(p_id bigint) returns text
language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- Nothing of this kind ('*': of any) is claimed for the tenant (none given: for anybody) until it is resumed.
-- Jobs that run go on. False where it was paused already.
create function inspect.pause(p_kind text, p_tenant uuid default '00000000-0000-0000-0000-000000000000') returns boolean
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
  with done as (insert into pauses (kind, tenant_id) values (p_kind, p_tenant) on conflict do nothing returning 1)
  select exists (select from done)
$$;

-- A tenant that its people paused is resumed as that, or its pages would go on saying that it rests.
create function inspect.resume(p_kind text, p_tenant uuid default '00000000-0000-0000-0000-000000000000') returns boolean
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
  with done as (
    delete from pauses p where p.kind = p_kind and p.tenant_id = p_tenant
      and not (p_kind = '*' and exists (select from tenants t where t.id = p_tenant and t.paused_at is not null))
    returning 1)
  select exists (select from done)
$$;

-- All of a tenant rests: nothing is handed out for it, its private sources are not polled, no model is asked. Null: goes on. One row
-- of `pauses` is what every claim and every question goes by; the tenant's own columns say who, since when and why.
-- False where it was so already.
create function pause_tenant(p_tenant uuid, p_by uuid, p_reason text) returns boolean
language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
begin
  update public.tenants t set paused_at = public.cid_now(), paused_by = p_by, pause_reason = p_reason
  where t.id = p_tenant and t.paused_at is null and not t.reserved;
  if not found then return false; end if;
  insert into public.pauses (kind, tenant_id) values ('*', p_tenant) on conflict do nothing;
  return true;
end $$;
create function resume_tenant(p_tenant uuid) returns boolean
language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
begin
  update public.tenants t set paused_at = null, paused_by = null, pause_reason = '' where t.id = p_tenant and t.paused_at is not null;
  if not found then return false; end if;
  delete from public.pauses p where p.kind = '*' and p.tenant_id = p_tenant;
  perform inspect.go_on(p_tenant);   -- what was in hand when it was paused and was refused its question
  return true;
end $$;
revoke all on function pause_tenant(uuid, uuid, text), resume_tenant(uuid) from public;
grant execute on function pause_tenant(uuid, uuid, text), resume_tenant(uuid) to cid_worker;

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

-- ---------------------------------------------------------------------------------------------- what a call may cost

-- The rows that a call of this tenant, stage and moment is counted in, in the one order in which they are ever locked.
create function budgets_of(p_tenant uuid, p_stage text, p_at timestamptz)
returns table (n integer, tenant_id uuid, period text, starts date, scope text)
language sql immutable set search_path = pg_catalog, public, pg_temp as $$
  values (1, '00000000-0000-0000-0000-000000000000'::uuid, 'day', (p_at at time zone 'UTC')::date, ''),
         (2, p_tenant, 'month', date_trunc('month', p_at at time zone 'UTC')::date, ''),
         (3, p_tenant, 'day', (p_at at time zone 'UTC')::date, ''),
         (4, p_tenant, 'day', (p_at at time zone 'UTC')::date, p_stage)
$$;
revoke all on function budgets_of(uuid, text, timestamptz) from public;

-- May this call be made now? Looked at and taken in one statement, under the rows' locks, in this order: the switch, the model's
-- breaker, the provider's requests and tokens per minute, the four budgets. All or nothing is taken.
-- granted · stopped · broken · limited (all three: `until`) · over (`scope` is exhausted, `until` its next period)
-- `near` names the scopes that came near their cap by this call for the first time.
create function reserve_call(
  p_tenant uuid, p_stage text, p_provider text, p_model text, p_most numeric, p_tokens integer,
  p_per_day numeric, p_per_month numeric, p_per_stage numeric, p_all_per_day numeric, p_near numeric,
  p_requests_per_minute double precision, p_tokens_per_minute double precision, p_probe interval)
returns table (outcome text, scope text, until timestamptz, why text, near text[])
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- GCRA with the row locked: when something that takes `p_cost` may come, `p_room` being what may come at once.
create function limit_due(p_key text, p_cost interval, p_room interval) returns timestamptz
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  clock timestamptz := public.cid_now(); due timestamptz;
begin
  insert into public.limits (key, tat) values (p_key, clock) on conflict do nothing;
  select l.tat into due from public.limits l where l.key = p_key for update;
  -- what is larger than the room by itself waits for all of it
  return greatest(due, clock) + least(p_cost, p_room) - p_room;
end $$;
revoke all on function limit_due(text, interval, interval) from public;

-- What became of a call: its row, its budgets, the provider's tokens and the model's breaker, in the order of reserve_call. An answer
-- that comes after its call was given up corrects what was counted then. False: there is no such open call.
-- p_state: answered · failed (nothing is owed) · ambiguous (counted as spent at its reservation)
-- p_breaker: ok · fault · asked (left alone for p_wait) · shut (the same, and then tried by one call) · none
create function finish_call(
  p_tenant uuid, p_call uuid, p_state text, p_cost numeric, p_error text, p_reply jsonb, p_tokens integer,
  p_tokens_per_minute double precision, p_breaker text, p_wait interval)
returns boolean
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

revoke all on function finish_call(uuid, uuid, text, numeric, text, jsonb, integer, double precision, text, interval) from public;

create function settle_call(
  p_tenant uuid, p_call uuid, p_state text, p_cost numeric, p_error text, p_reply jsonb, p_tokens integer,
  p_tokens_per_minute double precision, p_breaker text, p_wait interval)
returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if p_tenant is distinct from public.app_tenant() then
    raise exception 'calls are settled by their own tenant' using errcode = 'insufficient_privilege';
  end if;
  return public.finish_call(p_tenant, p_call, p_state, p_cost, p_error, p_reply, p_tokens, p_tokens_per_minute, p_breaker, p_wait);
end $$;

-- What a paid read brought is stored as items: its reply is not needed any more. False: there is no such read of this tenant.
create function forget_read(p_tenant uuid, p_call uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if p_tenant is distinct from public.app_tenant() then
    raise exception 'reads are forgotten by their own tenant' using errcode = 'insufficient_privilege';
  end if;
  update public.calls c set reply = null, reading = 'stored', read_at = coalesce(c.read_at, public.cid_now())
  where c.tenant_id = p_tenant and c.id = p_call and c.stage in ('poll', 'search') and c.state = 'answered';
  return found;
end $$;

-- Calls that nobody waits for any more, cut between sending and the stored reply: counted as spent at their reservation.
create function sweep_calls(p_most integer) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- What waits for money is tried now, of one tenant or of all: where there is still none it waits again.
create function inspect.go_on(p_tenant uuid default null) returns table (kind text, jobs bigint)
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
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
$$;

-- For people with psql: stop asking models that cost something, and go on.
create function inspect.stop_models(p_why text) returns void
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
  insert into model_terms (tenant_id, stopped) values ('00000000-0000-0000-0000-000000000000', p_why)
  on conflict (tenant_id) do update set stopped = excluded.stopped, changed_at = cid_now()
$$;
create function inspect.start_models() returns void
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
  update model_terms set stopped = null, changed_at = cid_now() where tenant_id = '00000000-0000-0000-0000-000000000000';
  select from inspect.go_on()
$$;

-- ---------------------------------------------------------------------------------------------- what calls did cost

-- What calls cost by tenant, day, stage and model, as the budgets count it: an answer its price, a cut call its reservation, a failed one
-- nothing; what is under way stands at its reservation. Days are of UTC.
create view inspect.costs with (security_invoker = true) as
  select t.slug as tenant, (c.sent_at at time zone 'UTC')::date as day, c.stage, c.provider || '/' || c.model as model,
         count(*) as calls, count(*) filter (where c.state in ('failed', 'ambiguous')) as unanswered,
         sum(coalesce(c.cost, 0)) as spent, sum(case c.state when 'sent' then c.reserved else 0 end) as reserved, c.tenant_id
  from calls c left join tenants t on t.id = c.tenant_id
  group by t.slug, (c.sent_at at time zone 'UTC')::date, c.stage, c.provider, c.model, c.tenant_id;

-- Each call shared equally by what it asked about, to the last digit: what cannot be divided is the first one's. A subject is a screening
-- or, in a review, a version; both lead to the screening.
create view inspect.call_shares with (security_invoker = true) as
  select c.id as call_id, c.tenant_id, c.stage, c.state, c.sent_at, s.subject,
         coalesce(d.screening_id, v.subject_id) as screening_id,
         trunc(coalesce(c.cost, 0) / s.of, 12)
           + case when s.n = 1 then coalesce(c.cost, 0) - s.of * trunc(coalesce(c.cost, 0) / s.of, 12) else 0 end as spent
  from calls c
  cross join lateral (
    select a.n, a.subject ->> 1 as subject, jsonb_array_length(c.subjects) as of
    from jsonb_array_elements(c.subjects) with ordinality as a (subject, n)
    union all select 1, null, 1 where jsonb_array_length(c.subjects) = 0) s
  cross join lateral (select case when s.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then s.subject::uuid end as subject_id) v
  left join versions w on w.tenant_id = c.tenant_id and w.id = v.subject_id
  left join drafts d on d.tenant_id = w.tenant_id and d.id = w.draft_id;

-- What each run through the funnel cost: a screening, with the item that opened it and the draft that it became first. The row without a
-- screening is what was spent on what is no story's, or on one that is gone.
create view inspect.story_costs with (security_invoker = true) as
  select t.slug as tenant, s.id as screening_id, s.item_id, d.id as draft_id, count(distinct c.call_id) as calls,
         count(distinct c.call_id) filter (where c.state in ('failed', 'ambiguous')) as unanswered, sum(c.spent) as spent, c.tenant_id
  from inspect.call_shares c
  left join tenants t on t.id = c.tenant_id
  left join screenings s on s.tenant_id = c.tenant_id and s.id = c.screening_id
  left join drafts d on d.tenant_id = s.tenant_id and d.screening_id = s.id and d.update_of is null
  group by t.slug, s.id, s.item_id, d.id, c.tenant_id;

-- The same for some screenings of the transaction's tenant, by what their calls were about. The owner's, because under a policy the
-- lookup would lose its index.
create function costs_of(p_screenings uuid[]) returns table (screening_id uuid, calls bigint, unanswered bigint, spent numeric)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- Work that waits because a cap is reached or models are switched off, with the reason and when it is tried again by itself. Polls
-- of paid sources are the platform's jobs: these are found by the source.
create view inspect.waiting_for_money with (security_invoker = true) as
  select t.slug as tenant, j.kind, j.error as why, count(*) as jobs, min(j.run_at) as until, j.tenant_id
  from jobs j left join tenants t on t.id = j.tenant_id
  where j.state = 'scheduled' and (j.error like '% for % is used up' or j.error like 'models are switched off: %')
  group by t.slug, j.kind, j.error, j.tenant_id
  union all
  select t.slug, 'poll', o.outcome_detail, count(*), min(o.next_poll_at), o.tenant_id
  from sources o join tenants t on t.id = o.tenant_id
  where o.cause = 'budget' and o.state = 'active' and o.next_poll_at > cid_now()
  group by t.slug, o.outcome_detail, o.tenant_id;

-- ---------------------------------------------------------------------------------------------- stories that merge

-- The story that stands for this one today: itself, unless it merged. One step, because whatever had merged into a story that
-- merges is led on with it.
create function story_root(p_story uuid) returns uuid
language sql stable parallel safe security definer set search_path = pg_catalog, public, pg_temp as $$
  select coalesce((select s.merged_into from public.stories s where s.id = p_story), p_story)
$$;

-- What a story follows and what follows it, as ids alone: whether anybody may see one is for its items to say.
create function story_kin(p_story uuid) returns table (story_id uuid, earlier boolean)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  with root as materialized (select public.story_root(p_story) as id)
  select s.follows, true from public.stories s where s.id = (select id from root) and s.follows is not null
  union all
  (select s.id, false from public.stories s where s.follows = (select id from root) and s.merged_into is null order by s.id limit 50)
$$;

-- The gate that judges at a stage.
create function stage_gate(p_stage text) returns text language sql immutable parallel safe as $$
  select case p_stage when 'relate' then 'relevance' when 'assess' then 'signal' when 'gather' then 'evidence' else p_stage end
$$;

-- How far a screening came. A judgement that was paid for stands before a question about the same that is still open; one that cost
-- nothing gives way, because the merged story has more to show for itself.
create function how_far(p_state text, p_stage text, p_gate text, p_reason text) returns integer
language sql immutable parallel safe as $$
  select case when p_state = 'passed' then 30 else
    10 * case p_state when 'dropped' then case p_gate when 'draft' then 2 when 'review' then 2 when 'signal' then 1 when 'evidence' then 1 when 'fit' then 1 else 0 end
                      else case p_stage when 'draft' then 2 when 'assess' then 1 when 'gather' then 1 when 'fit' then 1 else 0 end end
    + case when p_state = 'dropped' then case when p_gate in ('relevance', 'fit', 'draft', 'review', 'track') and p_reason <> 'outage' then 7 else 1 end
           when p_state = 'failed' then 3 else 5 end
  end
$$;

-- What the titles of two stories have in common when they are one: the heaviest forty of their terms.
create function merged_terms(one uuid, other uuid, out words text[], out weights double precision[]) language sql stable
set search_path = pg_catalog, public, pg_temp as $$
  select coalesce(array_agg(t.term order by t.weight desc, t.term collate "C"), '{}'),
         coalesce(array_agg(t.weight order by t.weight desc, t.term collate "C"), '{}')
  from (
    select u.term, sum(coalesce(u.weight, 1)) as weight
    from public.stories s cross join lateral unnest(s.words, s.weights) as u (term, weight)
    where s.id in (one, other) group by u.term order by 2 desc, u.term collate "C" limit 40
  ) t
$$;
revoke all on function merged_terms(uuid, uuid) from public;

-- Makes one story of two, pair by pair: the items, the screenings and the drafts of the first are the second's, and whoever names
-- the first is led on. A pair whose stories are one already changes nothing, nor does one of sample and real news. Answers the
-- stories that took others in.
--
-- Of two screenings of a tenant the one that came further goes on. The other is dropped where it stood, with a verdict that says
-- so; one that became a draft keeps it and its state, and is only led on. Of two tracker entries an approved one stands before a
-- hidden one and that before one nobody decided on; the other is hidden and names it.
--
-- Locks, always in this order: the writer of stories, the openers of screenings, screenings by tenant and id, entries likewise,
-- drafts. Whoever
-- opens a screening holds the second lock shared (`stories.hold`), so that none is opened for a story that merges meanwhile;
-- gates move one screening, or several in the order of their ids.
create function merge_stories(p_from uuid[], p_into uuid[]) returns setof uuid
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- Who reported a story, item by item and publisher by publisher. `band` says how sure it is that the item belongs there.
create view inspect.story_reports with (security_invoker = true) as
  select i.story_id, coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), nullif(o.title, ''), o.url) as publisher,
         least(coalesce(i.published_at, i.first_seen_at), i.first_seen_at) as at, i.band, i.likeness, i.title, i.id as item_id,
         o.vetted, o.tenant_id is not null as private, o.id as source_id
  from items i join sightings g on g.item_id = i.id join sources o on o.id = g.source_id;

-- How far each story spread over all public sources: publishers, the most of them within two hours, and who was first.
create view inspect.story_spread with (security_invoker = true) as
  with firsts as (
    select r.story_id, r.publisher, min(r.at) as at from inspect.story_reports r where not r.private group by r.story_id, r.publisher
  ), counted as (
    select f.*, count(*) over (partition by f.story_id order by f.at range between interval '2 hours' preceding and current row) as within
    from firsts f
  )
  select c.story_id, count(*) as publishers, max(c.within) as within_2h, (array_agg(c.publisher order by c.at, c.publisher))[1] as first,
         min(c.at) as at
  from counted c group by c.story_id;

-- ---------------------------------------------------------------------------------------------- the tracker desk

-- How far each story of a tracker came, in the words of people who run trackers, by the item that it was opened for. Attempts are
-- questions to a model, answered or not. Being worked on is a running job.
create view inspect.item_state with (security_invoker = true) as
  select t.slug as tenant, s.item_id, s.id as screening_id, i.title,
         case when s.state = 'passed' then 'processed' when s.state in ('dropped', 'failed') then s.state
              when exists (select from jobs j where j.tenant_id = s.tenant_id and j.kind = 'track' and j.state = 'running'
                             and j.payload ->> 'screening' = s.id::text) then 'processing'
              else 'scraped' end as state,
         s.waiting_for, f.faults + case when v.at is null then 0 else 1 end as attempts, coalesce(f.last_error, '') as last_error,
         greatest(f.last_at, v.at) as last_attempt, s.opened_at, s.tenant_id
  from screenings s
  join tenants t on t.id = s.tenant_id
  join items i on i.id = s.item_id
  left join lateral (
    select count(*) filter (where x.kind <> 'retried') as faults, max(x.at) filter (where x.kind <> 'retried') as last_at,
           (array_agg(x.error order by x.at desc, x.id desc) filter (where x.kind <> 'retried'))[1] as last_error
    from track_faults x where x.tenant_id = s.tenant_id and x.screening_id = s.id) f on true
  left join lateral (
    select max(w.at) as at from verdicts w where w.tenant_id = s.tenant_id and w.screening_id = s.id and w.gate = 'track' and w.call_id is not null) v on true
  where s.desk = 'tracker' and s.merged_into is null;

create view inspect.items_by_state with (security_invoker = true) as
  select t.slug as tenant, n.state, count(s.id) as items, s.tenant_id
  from screenings s
  join tenants t on t.id = s.tenant_id
  cross join lateral (
    select case when s.state = 'passed' then 'processed' when s.state in ('dropped', 'failed') then s.state
                when exists (select from jobs j where j.tenant_id = s.tenant_id and j.kind = 'track' and j.state = 'running'
                               and j.payload ->> 'screening' = s.id::text) then 'processing'
                else 'scraped' end as state) n
  where s.desk = 'tracker' and s.merged_into is null
  group by t.slug, n.state, s.tenant_id;

-- Where the counts of runs are not what a count of all runs comes to: there is no such row, or somebody wrote runs past the triggers.
create view inspect.runs_miscounted with (security_invoker = true) as
  with kept as (
    select tenant_id, grain, at, sum(runs) as runs, sum(completed) as completed, sum(partial) as partial, sum(failed) as failed,
      sum(scored) as scored, sum(points) as points, sum(excellent) as excellent, sum(good) as good, sum(acceptable) as acceptable,
      sum(poor) as poor, sum(failing) as failing
    from run_sums
    where grain = 'ever' or grain = 'day' and at >= date_trunc('day', cid_now(), 'UTC') - interval '35 days'
      or grain = 'hour' and at >= date_trunc('hour', cid_now(), 'UTC') - interval '2 days'
    group by 1, 2, 3
  )
  select t.slug as tenant, grain, at, coalesce(k.runs, 0)::bigint as counted, coalesce(r.runs, 0) as runs
  from recounted_runs r full join kept k using (tenant_id, grain, at) left join tenants t on t.id = tenant_id
  where (coalesce(k.runs, 0), coalesce(k.completed, 0), coalesce(k.partial, 0), coalesce(k.failed, 0), coalesce(k.scored, 0),
         coalesce(k.points, 0), coalesce(k.excellent, 0), coalesce(k.good, 0), coalesce(k.acceptable, 0), coalesce(k.poor, 0),
         coalesce(k.failing, 0))
     <> (coalesce(r.runs, 0), coalesce(r.completed, 0), coalesce(r.partial, 0), coalesce(r.failed, 0), coalesce(r.scored, 0),
         coalesce(r.points, 0), coalesce(r.excellent, 0), coalesce(r.good, 0), coalesce(r.acceptable, 0), coalesce(r.poor, 0),
         coalesce(r.failing, 0));

-- Counts a tenant's runs anew. While it works no run of the tenant begins or ends: who would count one waits for the rows of all time.
create function inspect.recount_runs(p_tenant uuid) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function inspect.recount_runs(uuid) from public;
grant execute on function inspect.recount_runs(uuid) to cid_worker;
grant select on inspect.runs_miscounted to cid_worker;

-- A failed item of a tracker gets all its tries again, for every tenant that it failed for. Answers how many.
create function inspect.retry_item(p_item uuid) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function inspect.retry_item(uuid) from public;
grant execute on function inspect.retry_item(uuid) to cid_worker;

-- ---------------------------------------------------------------------------------------------- who may do what

-- Tenants' own tables: the owner sees all (or its backfills would touch nothing in silence), app sees its tenant.
do $$
declare t text;
begin
  foreach t in array array['profiles', 'policies', 'gate_configs', 'prefilters', 'prefilter_samples', 'members', 'subscriptions', 'screenings', 'plans', 'places', 'verdicts', 'evidence_packs', 'evidence_pages', 'drafts', 'traces', 'competition', 'trackers', 'entries', 'entry_decisions', 'track_faults', 'fits',
      'versions', 'reviews', 'decisions', 'channels', 'publications', 'calls', 'call_subjects', 'batches', 'budgets', 'model_terms', 'audit', 'trials', 'trial_subjects',
      'jobs', 'jobs_done', 'jobs_dead', 'tenants', 'sources', 'sightings', 'items', 'item_texts', 'pages', 'page_looks', 'pauses', 'proposals', 'searches',
      'guardrails', 'readings', 'images', 'mails', 'mail_wishes', 'digest_days', 'review_links', 'api_tokens', 'api_answers', 'calendar_feeds',
      'run_batches', 'monitors', 'runs', 'run_sums', 'run_steps', 'run_fetches', 'run_items', 'briefings', 'scorecards', 'narrative_matches', 'match_verdicts', 'run_feedback', 'monitor_changes'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy owner on %I to %I using (true) with check (true)', t, current_user);
  end loop;
  foreach t in array array['profiles', 'policies', 'gate_configs', 'prefilters', 'prefilter_samples', 'members', 'subscriptions', 'screenings', 'plans', 'places', 'verdicts', 'evidence_packs', 'evidence_pages', 'drafts', 'traces', 'competition', 'trackers', 'entries', 'entry_decisions', 'track_faults', 'fits',
      'versions', 'reviews', 'decisions', 'channels', 'publications', 'calls', 'call_subjects', 'batches', 'budgets', 'audit', 'trials', 'trial_subjects',
      'proposals', 'searches', 'readings', 'images', 'mails', 'mail_wishes', 'digest_days', 'review_links', 'api_tokens', 'api_answers', 'calendar_feeds',
      'run_batches', 'monitors', 'runs', 'run_sums', 'run_steps', 'run_fetches', 'run_items', 'briefings', 'scorecards', 'narrative_matches', 'match_verdicts', 'run_feedback', 'monitor_changes'] loop
    execute format('create policy tenant on %I to cid_app using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()))', t);
  end loop;
  -- The worker role looks across tenants where scheduling and administration do; it decides nothing there.
  foreach t in array array['tenants', 'profiles', 'policies', 'members', 'subscriptions', 'screenings', 'channels', 'budgets', 'model_terms', 'audit', 'calls', 'batches', 'trials', 'trial_subjects',
      'jobs', 'jobs_done', 'jobs_dead', 'sources', 'sightings', 'items', 'item_texts', 'pages', 'page_looks', 'pauses', 'verdicts', 'drafts', 'publications', 'proposals', 'trackers', 'entries', 'track_faults',
      'searches', 'mails', 'mail_wishes', 'digest_days', 'api_tokens', 'api_answers', 'review_links', 'calendar_feeds', 'monitors', 'runs', 'run_sums'] loop
    execute format('create policy worker on %I to cid_worker using (true) with check (true)', t);
  end loop;
end $$;

-- A foreign key looks past row security: without this a tenant could subscribe to another's private source.
alter policy tenant on subscriptions with check
  (tenant_id = (select app_tenant()) and exists (select from sources s where s.id = source_id));
-- What holds for everybody holds for each: it is seen by all and changed by the platform.
create policy tenant on model_terms for select to cid_app
  using (tenant_id in ((select app_tenant()), '00000000-0000-0000-0000-000000000000'));
create policy adds on model_terms for insert to cid_app with check (tenant_id = (select app_tenant()));
create policy changes on model_terms for update to cid_app
  using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()));
-- The platform's own rules are read by all and written on its own pages, which see no tenant's.
create policy tenant on guardrails for select to cid_app using (tenant_id is null or tenant_id = (select app_tenant()));
create policy adds on guardrails for insert to cid_app with check (tenant_id = (select app_tenant()));
create policy changes on guardrails for update to cid_app
  using (tenant_id = (select app_tenant())) with check (tenant_id = (select app_tenant()));
create policy worker on guardrails to cid_worker using (tenant_id is null) with check (tenant_id is null);
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
-- Who sees an item sees its text, and nobody else; what is to be read is asked for by whoever sees it.
create policy visible on item_texts for select to cid_app using (
  exists (select from items i where i.id = item_id
    and (i.public or exists (select from sightings s where s.item_id = i.id and s.tenant_id = (select app_tenant())))));
create policy wanted on item_texts for insert to cid_app with check (
  exists (select from items i where i.id = item_id
    and (i.public or exists (select from sightings s where s.item_id = i.id and s.tenant_id = (select app_tenant())))));

-- A page is read by whose evidence stands on it. Looks are nobody's: they would tell when somebody else asked.
create policy stood_on on pages for select to cid_app using (
  exists (select from evidence_pages e where e.tenant_id = (select app_tenant()) and e.sha256 = pages.sha256));

create view visible_items with (security_invoker = true) as
  select id, story_id, url, identity, title, summary, author, published_at, first_seen_at, sample from items;

-- The only thing of the tracker desk that the public may ever read.
create view public_entries with (security_invoker = true) as
  select tenant_id, id, category, regions, title, summary, url, published_at, sample, made_at, changed_at from entries where state = 'approved';

grant select, insert (item_id) on item_texts to cid_app;
grant select, insert, update on item_texts to cid_worker;
grant select on pages to cid_app;
grant select, insert, update, delete on pages, page_looks to cid_worker;
grant select, insert, update on plans, places to cid_app;
grant select, insert, update (compared_at, typed, typed_at) on readings to cid_app;
grant select, insert on images, review_links, api_tokens, api_answers, mails, mail_wishes, digest_days to cid_app;
grant update (digest, hour, zone, breaking, changed_at) on mail_wishes to cid_app;
grant update (state, error, given_up, attempts, message, job_id, lease, until, sent_at, changed_at) on mails to cid_app, cid_worker;
grant update (digest, hour, zone, breaking, changed_at) on mail_wishes to cid_worker;
grant select, delete on digest_days to cid_worker;
grant update (used_at, revoked_at) on review_links to cid_app, cid_worker;
grant update (used_at, revoked_at) on api_tokens to cid_app, cid_worker;
grant update (status, body, made_at), delete on api_answers to cid_app;
grant select, insert, update (hash, made_at), delete on calendar_feeds to cid_app;
grant select, delete on calendar_feeds to cid_worker;
grant delete on api_answers, api_tokens, mail_wishes to cid_worker;
grant select, insert on mails, mail_wishes to cid_worker;
grant select on api_tokens, review_links, api_answers to cid_worker;
-- What was fetched, said, scored and matched is written once; only what becomes of a run and of a monitor moves.
grant select, insert on run_batches, monitors, runs, run_steps, run_fetches, run_items, briefings, scorecards, narrative_matches, match_verdicts,
  run_feedback, monitor_changes to cid_app;
grant update (state, failure, detail, shortfalls, score, rating, provider, profile, tlp, changed_at, ended_at) on runs to cid_app;
grant update (country, url, period, items, sources, substitute, tlp, every_hours, threshold, active, next_at, changed_at) on monitors to cid_app;
grant select on monitors, runs to cid_worker;
-- Counted by the tables themselves, and by nobody else.
grant select on run_sums, recounted_runs to cid_app, cid_worker;
grant delete on run_sums to cid_worker;
grant select on tenants, profiles, policies, gate_configs, members, subscriptions, sources, sightings, items, visible_items, screenings, trackers, entries, entry_decisions, track_faults, public_entries, verdicts, evidence_packs, evidence_pages,
  drafts, versions, reviews, decisions, channels, publications, calls, call_subjects, batches, budgets, model_terms, audit, jobs, jobs_done,
  jobs_dead, pauses, trials, trial_subjects, proposals, searches to cid_app;
grant insert on screenings, trackers, entries, entry_decisions, track_faults, verdicts, evidence_packs, evidence_pages, drafts, versions, reviews, decisions, channels, publications, calls, call_subjects,
  batches, audit, jobs, jobs_done, jobs_dead, subscriptions to cid_app;
grant update (state, stage, waiting_for, until, gate, reason, failure, urgent, spread, score, superseded, opened_at, changed_at) on screenings to cid_app;
grant update (body, rule, rule_by, rule_at, changed_at) on trackers to cid_app;
grant update (state, category, regions, summary, changed_at) on entries to cid_app;
grant update (state, current_version_id, changed_at) on drafts to cid_app;
grant update (state, url, external_id, error, notes, job_id, lease, due_at, sent_at, live_at, decision_id, version_id, sha256, next_decision_id,
  next_version_id, next_sha256, retraction, hurried_by, hurried_why, stands_in_by, stands_in_why, changed_at) on publications to cid_app;
-- What a call became and what it cost is written by settle_call alone.
grant update (read_at, reading) on calls to cid_app;
grant update (state, external_id, requests, bytes, attempts, due_at, submitted_at, ended_at, error) on batches to cid_app;
-- A tenant chooses its models; how much it may spend is the platform's to say.
grant insert (tenant_id, cheap, quality, changed_by, changed_at), update (cheap, quality, changed_by, changed_at) on model_terms to cid_app;
grant update (trust, role, active) on subscriptions to cid_app;
grant update (name, base_url, canonical, active, config, sealed, sealed_at, sealed_end, domain, per_week, own_per_week, apart, checked_at, checked,
  disclosure) on channels to cid_app;
grant update (sealed) on channels to cid_worker;
-- How a tenant says that models helped, and how long its links live, is its own to say.
grant update (stopped_at, stopped_by, stop_reason, link_hours, disclosure, responsible, review_seconds) on tenants to cid_app;
grant update (body, changed_at), insert on profiles to cid_app;
grant insert, delete, update (value, changed_by, changed_at) on policies to cid_app;
grant select, insert, update (active, changed_by, changed_at) on guardrails to cid_app, cid_worker;
grant insert on gate_configs to cid_app;
grant select, insert, update on prefilters to cid_app;
grant select, insert on prefilter_samples to cid_app;
grant select, insert, update on fits to cid_app;
grant select, insert, update on competition to cid_app;
grant select, insert on traces to cid_app;
grant select, insert, update, delete on interest to cid_worker;
grant delete on jobs to cid_app;
grant insert on trials, trial_subjects to cid_app;
grant update (state, why, total, offline, ended_at) on trials to cid_app;
grant update (after, error, after_score, after_verdict, after_call) on trial_subjects to cid_app;
grant select on trials, trial_subjects to cid_worker;

grant select, insert, update on tenants, profiles, policies, users, members, sources, subscriptions, stories, items, story_keys, term_uses,
  story_publishers, channels, model_terms, breakers, settings, once_links, sessions, workers, proposals, searches to cid_worker;
grant select, insert on sightings, audit, jobs_done, periodic_slots to cid_worker;
grant select on calls, batches, budgets to cid_worker;
grant select on breakers to cid_app;
-- What a tenant's flows decided is read for scheduling and figures, and written by the tenant's own transactions alone.
grant select on screenings, verdicts, drafts, publications, entries, track_faults to cid_worker;
grant select, insert, update on trackers to cid_worker;
grant select on inspect.item_state, inspect.items_by_state to cid_worker;
grant select, insert, update, delete on contests to cid_worker;
grant delete on proposals, searches, members, sessions, once_links, workers, periodic_slots, limits, story_keys, term_uses,
  story_publishers to cid_worker;
-- Which story stands for one is asked wherever a story is named. Merging closes screenings of all tenants at once, and nothing but that.
revoke all on function story_root(uuid), story_kin(uuid), merge_stories(uuid[], uuid[]) from public;
grant execute on function story_root(uuid), story_kin(uuid) to cid_app, cid_worker;
grant execute on function merge_stories(uuid[], uuid[]) to cid_worker;
grant select on inspect.story_reports, inspect.story_spread to cid_worker;
grant select, insert, update, delete on jobs, jobs_dead, pauses to cid_worker;
grant select, insert, update on limits to cid_app, cid_worker;
grant usage on sequence job_ids to cid_app, cid_worker;
grant select on high_water to cid_app, cid_worker;
grant insert, update on high_water to cid_worker;
-- inspect.jobs_now says where a job runs.
grant select (id, host, pid, beat_at) on workers to cid_app;
grant select on inspect.jobs_now, inspect.jobs_stuck, inspect.jobs_dead to cid_app, cid_worker;
grant select on inspect.jobs_running, inspect.jobs_waiting, inspect.paused, inspect.rates, inspect.processes, inspect.partitions
  to cid_worker;
revoke all on function claim_limited(text, uuid[], text[], smallint[], bigint[], integer[], integer, integer, interval, uuid, bigint, interval,
  integer, integer, interval, integer, interval, integer),
  put_back(bigint[], bigint[], timestamptz[], boolean, text[]), put_back_once(bigint[], bigint[], timestamptz[], boolean, text[]),
  rescue(interval, text[], integer[], integer, boolean),
  move_due(integer), drop_old_history(interval), inspect.retry_job(bigint), inspect.cancel_job(bigint),
  inspect.pause(text, uuid), inspect.resume(text, uuid), inspect.job(bigint), inspect.tenant(text),
  inspect.retry_dead(text, uuid, text, timestamptz), inspect.cancel_waiting(text, uuid, text) from public;
grant execute on function claim_limited(text, uuid[], text[], smallint[], bigint[], integer[], integer, integer, interval, uuid, bigint, interval,
  integer, integer, interval, integer, interval, integer),
  put_back(bigint[], bigint[], timestamptz[], boolean, text[]), put_back_once(bigint[], bigint[], timestamptz[], boolean, text[]),
  rescue(interval, text[], integer[], integer, boolean),
  move_due(integer), drop_old_history(interval), inspect.retry_job(bigint), inspect.cancel_job(bigint),
  inspect.pause(text, uuid), inspect.resume(text, uuid), inspect.job(bigint), inspect.tenant(text),
  inspect.retry_dead(text, uuid, text, timestamptz), inspect.cancel_waiting(text, uuid, text) to cid_worker;

revoke all on function reserve_call(uuid, text, text, text, numeric, integer, numeric, numeric, numeric, numeric, numeric, double precision,
  double precision, interval), settle_call(uuid, uuid, text, numeric, text, jsonb, integer, double precision, text, interval),
  forget_read(uuid, uuid), sweep_calls(integer), inspect.stop_models(text), inspect.start_models(), inspect.go_on(uuid), costs_of(uuid[]) from public;
grant execute on function reserve_call(uuid, text, text, text, numeric, integer, numeric, numeric, numeric, numeric, numeric, double precision,
  double precision, interval), settle_call(uuid, uuid, text, numeric, text, jsonb, integer, double precision, text, interval),
  forget_read(uuid, uuid) to cid_app;
grant execute on function costs_of(uuid[]) to cid_app;
grant select on inspect.costs, inspect.waiting_for_money to cid_app, cid_worker;
grant select on inspect.call_shares, inspect.story_costs to cid_app;
grant execute on function sweep_calls(integer), inspect.stop_models(text), inspect.start_models(), inspect.go_on(uuid) to cid_worker;

-- Sign-in happens before a tenant is known. App never reads these tables: it asks for one row by an exact secret.
create function session_of(hash bytea)
  returns table (user_id uuid, email text, name text, admin boolean, zone text, csrf text, stale boolean, renew boolean)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select u.id, u.email, u.name, u.admin, u.zone, s.csrf, s.seen_at < public.cid_now() - interval '1 minute', s.renew
  from public.sessions s join public.users u on u.id = s.user_id
  where s.id_hash = hash and s.expires_at > public.cid_now() and s.seen_at > public.cid_now() - interval '12 hours' and u.disabled_at is null
$$;
-- By the session too, and not by whom it belongs to: who knows somebody's id must not learn where they belong.
create function memberships_of(hash bytea)
  returns table (tenant_id uuid, slug text, name text, sample boolean, created_at timestamptz, zone text, paused_at timestamptz,
                 pause_reason text, stopped_at timestamptz, stop_reason text, role text, desks text[], stale boolean)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select t.id, t.slug, t.name, t.sample, t.created_at, t.zone, t.paused_at, t.pause_reason, t.stopped_at, t.stop_reason, m.role, t.desks,
         m.seen_at is null or m.seen_at < public.cid_now() - interval '1 minute'
  from public.session_of(hash) s join public.members m on m.user_id = s.user_id join public.tenants t on t.id = m.tenant_id
  order by t.name
$$;
-- What to call somebody who acts or acted in the tenant at hand; nothing of anybody else. Whoever was let in and did not come yet
-- has an address and no name: a name would tell that they use this desk elsewhere.
create function person_of(who uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
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
$$;
revoke all on function person_of(uuid) from public;
grant execute on function person_of(uuid) to cid_app;
-- What somebody may do in the tenant at hand, by the name of the role; null: is no member of it, or switched off.
create function role_of(who uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select m.role from public.members m join public.users u on u.id = m.user_id
  where m.tenant_id = public.app_tenant() and m.user_id = who and u.disabled_at is null
$$;
revoke all on function role_of(uuid) from public;
grant execute on function role_of(uuid) to cid_app;
-- When the pieces went out, or may have, that take a place on the domain of one of the tenant's channels, whoever's they are.
-- Holds the domain until the transaction ends: of two who ask for its last place, the second sees the first's.
create function places_taken(p_channel uuid, p_since timestamptz) returns table (at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function places_taken(uuid, timestamptz) from public;
grant execute on function places_taken(uuid, timestamptz) to cid_app;

revoke all on function session_of(bytea), memberships_of(bytea) from public;
grant execute on function session_of(bytea), memberships_of(bytea) to cid_app, cid_worker;

-- Which version of a prompt a person made live: {name: {"version", "since"}}. A tenant's questions go by it, and by nothing else
-- of the platform's settings.
create function pinned_prompts() returns jsonb
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select coalesce((select value from public.settings where key = 'prompts'), '{}')
$$;
revoke all on function pinned_prompts() from public;
grant execute on function pinned_prompts() to cid_app, cid_worker;

-- Whether the machine may revise a draft by itself: on until somebody switches it off.
create function auto_revision() returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select coalesce((select (value->>'on')::boolean from public.settings where key = 'auto_revision'), true)
$$;
revoke all on function auto_revision() from public;
grant execute on function auto_revision() to cid_app, cid_worker;

-- ---------------------------------------------------------------------------------------------- the end of a tenant

-- Deletes every row of a tenant in every table that has one, the items and stories that only its private sources brought, and
-- leaves one line in the platform's log. Tables are found and ordered by the catalogs, so that a new one cannot be forgotten.
-- The owner's alone: nobody else may delete what is append-only. May be run again for what a job wrote meanwhile.
create function delete_tenant(gone uuid) returns jsonb
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function delete_tenant(uuid) from public;

-- Text search over what one tenant judged. The owner's, because under a policy the search would lose its index; the tenant is
-- the transaction's own and no argument. Planned anew each time: a rare word starts at the words, a common one at the verdicts.
create function find_verdicts(words text, gate text, outcome text, reason text, before_at timestamptz, before_id uuid, most integer, desk text)
returns table (id uuid)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function find_verdicts(text, text, text, text, timestamptz, uuid, integer, text) from public;
grant execute on function find_verdicts(text, text, text, text, timestamptz, uuid, integer, text) to cid_app;

-- Up to p_most rows of a tenant's table, in the order of p_keys, behind the row whose keys p_after names (null: from the first). With
-- the caller's rights: row security holds, and a table or column that app may not read is refused. The answer's key is for the next page.
create function export_page(p_table text, p_columns text[], p_keys text[], p_after jsonb, p_most integer)
returns table (key jsonb, body text)
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function export_page(text, text[], text[], jsonb, integer) from public;
grant execute on function export_page(text, text[], text[], jsonb, integer) to cid_app;

-- The log of one tenant (null: the platform's own), the newest first. Planned anew each time: each condition has an index, and none is
-- to be walked along for a condition that was not set. With the caller's rights: row security holds.
create function find_audit(p_tenant uuid, p_user uuid, p_action text, p_target text, p_from uuid, p_before uuid, p_most integer)
returns table (id uuid, at timestamptz, user_id uuid, action text, target text, detail jsonb)
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
begin
  return query execute $q$
    select a.id, a.at, a.user_id, a.action, a.target, a.detail
    from public.audit a
    where ($1 is null and a.tenant_id is null or a.tenant_id = $1)
      and ($2 is null or a.user_id = $2) and ($3 is null or a.action = $3) and ($4 is null or a.target = $4)
      and ($5 is null or a.id >= $5) and ($6 is null or a.id < $6)
    order by a.id desc limit $7
  $q$ using p_tenant, p_user, p_action, p_target, p_from, p_before, p_most;
end $$;
revoke all on function find_audit(uuid, uuid, text, text, uuid, uuid, integer) from public;
grant execute on function find_audit(uuid, uuid, text, text, uuid, uuid, integer) to cid_app, cid_worker;

-- The newest runs of a tenant that are as wanted (null: no condition), before the place (p_at, p_id). One column leads: its index is walked
-- along, for each of its values (p_values; null: p_lead is '', and all runs are walked along), and the other conditions are looked at on the
-- way. Where there are others the walk ends after p_walk runs: the last row then has no id and says how far it came, and nothing
-- older is answered. Planned anew each time, so that the walk is the one that is meant. With the caller's rights: row security holds.
create function find_runs(p_tenant uuid, p_lead text, p_values text[], p_states text[], p_platform text, p_country text, p_rating text,
  p_tlp text, p_since timestamptz, p_at timestamptz, p_id uuid, p_most integer, p_walk integer)
returns table (id uuid, at timestamptz, place uuid)
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
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
end $$;
revoke all on function find_runs(uuid, text, text[], text[], text, text, text, text, timestamptz, timestamptz, uuid, integer, integer) from public;
grant execute on function find_runs(uuid, text, text[], text[], text, text, text, text, timestamptz, timestamptz, uuid, integer, integer) to cid_app;

-- Pages tell whether this program and the database fit together.
grant select on migrations to cid_app, cid_worker;

select make_partitions();
