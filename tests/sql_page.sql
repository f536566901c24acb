-- Everything that can be the matter with a queue. Times are half a minute off, so that they are the same to the minute
-- whenever they are looked at. Tenants: acme (a), borden (b).
insert into tenants (id, slug, name) values ('00000000-0000-7000-8000-00000000000a', 'acme', 'Acme'), ('00000000-0000-7000-8000-00000000000b', 'borden', 'Borden');
insert into workers (id, host, pid, version, kinds, parts, started_at, beat_at) values
  ('00000000-0000-0000-0000-000000000001', 'desk-1', 4711, '0.1.0', '{assess,publish,relate}', '{"claims": {"state": "running"}}',
   cid_now() - interval '3:10:30', cid_now() - interval '2.5 s'),
  ('00000000-0000-0000-0000-000000000002', 'desk-2', 1234, '0.1.0', '{draft}', '{"wake-ups": {"state": "waiting", "error": "Upstream: database"}}',
   cid_now() - interval '1:00:30', cid_now() - interval '0:02:30');

insert into jobs (id, kind, tenant_id, key, state, priority, run_at, attempt, dedupe_key, payload, error, created_at) values
  (101, 'rules', '00000000-0000-7000-8000-00000000000a', '', 'ready', 0, cid_now() - interval '0:07:30', 0, null, '{"item": "1"}', '', cid_now() - interval '8 min'),
  (102, 'rules', '00000000-0000-7000-8000-00000000000a', '', 'ready', 0, cid_now() - interval '0:05:30', 0, null, '{"item": "2"}', '', cid_now() - interval '6 min'),
  (103, 'rules', '00000000-0000-7000-8000-00000000000b', '', 'ready', 0, cid_now() - interval '0:02:30', 0, null, '{"item": "3"}', '', cid_now() - interval '3 min'),
  (104, 'poll', '00000000-0000-0000-0000-000000000000', 'news.test', 'ready', 0, cid_now() - interval '0:01:30', 1, null, '{"source": "9"}', 'Upstream: 503', cid_now() - interval '9 min'),
  (105, 'poll', '00000000-0000-0000-0000-000000000000', 'news.test', 'ready', 0, cid_now() - interval '0:01:30', 0, null, '{"source": "8"}', '', cid_now() - interval '2 min'),
  (106, 'draft', '00000000-0000-7000-8000-00000000000a', '', 'ready', 0, cid_now() - interval '0:40:30', 0, 'story 7', '{"story": "7"}', '', cid_now() - interval '41 min'),
  (107, 'draft', '00000000-0000-7000-8000-00000000000a', '', 'ready', -1, cid_now() - interval '0:20:30', 0, null, '{"story": "6"}', '', cid_now() - interval '21 min'),
  (108, 'assess', '00000000-0000-7000-8000-00000000000b', '', 'ready', 0, cid_now() - interval '0:25:30', 0, null, '{"story": "5"}', '', cid_now() - interval '26 min'),
  (109, 'relate', '00000000-0000-7000-8000-00000000000b', 'ports', 'scheduled', 0, cid_now() + interval '0:10:30', 3, null, '{"item": "4"}', 'Upstream: 529', cid_now() - interval '30 min'),
  (110, 'publish', '00000000-0000-7000-8000-00000000000b', 'site', 'scheduled', 0, cid_now() - interval '0:02:30', 1, null, '{"draft": "2"}', 'Upstream: 500', cid_now() - interval '5 min');
insert into jobs (id, kind, tenant_id, key, state, run_at, attempt, worker, lease, started_at, deadline, counted, payload, created_at) values
  (111, 'publish', '00000000-0000-7000-8000-00000000000a', 'site', 'running', cid_now() - interval '0:01:40', 1, '00000000-0000-0000-0000-000000000001', 1, cid_now() - interval '0:01:30', cid_now() + interval '0:01:30', false, '{"draft": "1"}', cid_now() - interval '0:01:40'),
  (112, 'relate', '00000000-0000-7000-8000-00000000000a', 'ports', 'running', cid_now() - interval '0:06:40', 2, '00000000-0000-0000-0000-000000000001', 2, cid_now() - interval '0:06:30', cid_now() - interval '0:03:30', true, '{"item": "8"}', cid_now() - interval '0:09:30'),
  (113, 'relate', '00000000-0000-7000-8000-00000000000a', 'ports', 'running', cid_now() - interval '0:06:40', 1, '00000000-0000-0000-0000-000000000001', 2, cid_now() - interval '0:06:30', cid_now() + interval '0:03:30', true, '{"item": "9"}', cid_now() - interval '0:09:30'),
  (114, 'draft', '00000000-0000-7000-8000-00000000000b', '', 'running', cid_now() - interval '0:04:40', 1, '00000000-0000-0000-0000-000000000002', 3, cid_now() - interval '0:04:30', cid_now() + interval '0:01:30', false, '{"story": "3"}', cid_now() - interval '0:04:50');

insert into jobs_dead (id, kind, tenant_id, key, attempt, dedupe_key, payload, error, created_at, died_at) values
  (91, 'draft', '00000000-0000-7000-8000-00000000000a', '', 5, 'story 7', '{"story": "7"}', 'BadReply: no JSON in it (attempt 5 of 5)', cid_now() - interval '5 h', cid_now() - interval '2:00:30'),
  (92, 'draft', '00000000-0000-7000-8000-00000000000a', '', 5, 'story 4', '{"story": "4"}', 'BadReply: no JSON in it (attempt 5 of 5)', cid_now() - interval '4 h', cid_now() - interval '1:30:30'),
  (93, 'publish', '00000000-0000-7000-8000-00000000000b', 'site', 8, null, '{"draft": "0"}', 'Upstream: 503', cid_now() - interval '3 h', cid_now() - interval '0:50:30'),
  (94, 'draft', '00000000-0000-7000-8000-00000000000b', '', 5, null, '{"story": "2"}', 'Upstream: 503', cid_now() - interval '30 h', cid_now() - interval '26:00:30');

-- so long ago, in the middle of a minute
insert into jobs_done (id, kind, tenant_id, outcome, attempt, payload, created_at, run_at, started_at, ended_at)
select 50 + n, case when n < 6 then 'rules' when n < 9 then 'assess' else 'publish' end,
       case when n % 2 = 0 then '00000000-0000-7000-8000-00000000000a'::uuid else '00000000-0000-7000-8000-00000000000b' end,
       case when n = 9 then 'cancelled' else 'done' end, case when n in (3, 7) then 2 else 1 end, '{}',
       at - interval '20 s', at - interval '10 s', at - make_interval(secs => 1 + n % 3), at
from (select n, date_trunc('minute', cid_now()) - make_interval(mins => 1 + n % 3) + interval '30 s' as at
      from generate_series(0, 9) n) s;

insert into pauses (kind, tenant_id, paused_at) values
  ('draft', '00000000-0000-7000-8000-00000000000a', cid_now() - interval '1:00:30'), ('wake', '00000000-0000-0000-0000-000000000000', cid_now() - interval '0:15:30');
insert into limits (key, tat) values
  ('jobs poll', cid_now() + interval '0:01:30'),
  ('jobs poll 00000000-0000-0000-0000-000000000000 news.test', cid_now() + interval '0:02:30'),
  ('jobs publish 00000000-0000-7000-8000-00000000000b a site', cid_now() - interval '0:02:30'),
  ('login ed@acme.test', cid_now() + interval '0:02:30');
insert into periodic_slots (name, slot, taken_at)
select name, slot, slot + interval '1 s' from (
  select 'tidy' as name, date_trunc('hour', cid_now()) - interval '2 h' as slot union all
  select 'tidy', date_trunc('hour', cid_now()) - interval '3 h' union all
  select 'wake', date_trunc('minute', cid_now()) - interval '5 min') s;
insert into high_water (kind, mark) values ('rules', 2), ('draft', 2000);

-- Models and money: one story that became a draft, a second that shared its first call, and a cap that holds work back.
insert into stories (id, words) values ('00000000-0000-7000-8000-0000000000c1', '{}'), ('00000000-0000-7000-8000-0000000000c2', '{}');
insert into items (id, url, url_hash, title, story_id, public)
select ('00000000-0000-7000-8000-0000000000d' || n)::uuid, 'https://news.test/' || n, sha256(('https://news.test/' || n)::bytea),
       'A headline', ('00000000-0000-7000-8000-0000000000c' || n)::uuid, true from generate_series(1, 2) n;
insert into screenings (tenant_id, id, story_id, item_id)
select '00000000-0000-7000-8000-00000000000a', ('00000000-0000-7000-8000-0000000000e' || n)::uuid,
       ('00000000-0000-7000-8000-0000000000c' || n)::uuid, ('00000000-0000-7000-8000-0000000000d' || n)::uuid from generate_series(1, 2) n;
insert into drafts (tenant_id, id, screening_id, story_id, current_version_id, found_at) values
  ('00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000e1',
   '00000000-0000-7000-8000-0000000000c1', '00000000-0000-7000-8000-0000000000f2', cid_now());
insert into versions (tenant_id, id, draft_id, number, author, article, payloads, sha256, renderer) values
  ('00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-0000000000f2', '00000000-0000-7000-8000-0000000000f1', 1, 'machine',
   '{}', '{}', sha256('{}'), 'r1');
insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash, input_hash, state, error, reserved, cost, subjects)
select (left(uuid7_floor(cid_now())::text, 24) || lpad(n::text, 12, '0'))::uuid, '00000000-0000-7000-8000-00000000000a', stage, tier, 'anthropic',
       case tier when 'cheap' then 'claude-haiku-5-5' else 'claude-sonnet-5-5' end, stage, 'v1', '', '', state, error, reserved, cost, subjects
from (values
  (1, 'relevance', 'cheap', 'answered', '', 0.01, 0.000101, '[["a1", "00000000-0000-7000-8000-0000000000e1", ""], ["a2", "00000000-0000-7000-8000-0000000000e2", ""]]'::jsonb),
  (2, 'draft', 'quality', 'failed', '529', 0.09, 0, '[["a1", "00000000-0000-7000-8000-0000000000e1", ""]]'),
  (3, 'draft', 'quality', 'answered', '', 0.09, 0.041, '[["a1", "00000000-0000-7000-8000-0000000000e1", ""]]'),
  (4, 'review', 'cheap', 'ambiguous', 'no answer was stored in time', 0.01, 0.01, '[["a1", "00000000-0000-7000-8000-0000000000f2", ""]]'),
  (5, 'review', 'cheap', 'sent', '', 0.01, null, '[["a1", "00000000-0000-7000-8000-0000000000f2", ""]]')
) as c (n, stage, tier, state, error, reserved, cost, subjects);
insert into budgets (tenant_id, period, starts, scope, reserved, spent)
select b.tenant_id, b.period, b.starts, b.scope, sum(case c.state when 'sent' then c.reserved else 0 end), sum(coalesce(c.cost, 0))
from calls c cross join lateral budgets_of(c.tenant_id, c.stage, c.sent_at) b group by 1, 2, 3, 4;
insert into model_terms (tenant_id, per_day) values ('00000000-0000-7000-8000-00000000000a', 0.05);
insert into jobs (id, kind, tenant_id, key, state, run_at, payload, error, created_at) values
  (115, 'review', '00000000-0000-7000-8000-00000000000a', '', 'scheduled', cid_now() + interval '5:00:30', '{"draft": "1"}',
   'the day''s budget of $0.05 for models is used up', cid_now() - interval '1 min');

-- A story that spread: three reports in words of their own, one of them a story of its own until it merged, one copy, and what came after.
insert into sources (id, kind, url, publisher, vetted)
select ('00000000-0000-7000-8000-00000000005' || n)::uuid, 'rss', 'https://' || lower(name) || '.test/feed', name, n = 1
from (values (1, 'Gazette'), (2, 'Courier'), (3, 'Herald'), (4, 'Post')) s (n, name);
insert into stories (id, words, merged_into, follows) values
  ('00000000-0000-7000-8000-0000000000a1', '{}', null, null),
  ('00000000-0000-7000-8000-0000000000a2', '{}', '00000000-0000-7000-8000-0000000000a1', null),
  ('00000000-0000-7000-8000-0000000000a3', '{}', null, '00000000-0000-7000-8000-0000000000a1');
insert into items (id, url, url_hash, title, story_id, public, band, likeness, first_seen_at)
select ('00000000-0000-7000-8000-0000000000b' || n)::uuid, 'https://news.test/b' || n, sha256(('https://news.test/b' || n)::bytea), title,
       ('00000000-0000-7000-8000-0000000000a' || story)::uuid, true, band, likeness, cid_now() - ago
from (values (1, 1, 'Harbour opens three cranes', 'first', null, interval '5:00:30'),
             (2, 1, 'Harbour opens three cranes', 'certain', 1.0, '4:30:30'),
             (3, 1, 'Captains cheer as cranes arrive', 'similar', 0.52, '3:30:30'),
             (4, 1, 'New quay, new cranes', 'first', null, '1:00:30'),
             (5, 3, 'Cranes start to work', 'first', null, '0:30:30')) i (n, story, title, band, likeness, ago);
insert into sightings (id, item_id, source_id)
select (left(uuid7_floor(cid_now())::text, 24) || lpad((900 + n)::text, 12, '0'))::uuid, ('00000000-0000-7000-8000-0000000000b' || n)::uuid,
       ('00000000-0000-7000-8000-00000000005' || (case n when 5 then 1 else n end))::uuid
from generate_series(1, 5) n;
insert into contests (id, item_id, story_id, likeness, state, why, judged_at) values
  (gen_random_uuid(), '00000000-0000-7000-8000-0000000000b4', '00000000-0000-7000-8000-0000000000a1', 0.36, 'same', '', cid_now()),
  (gen_random_uuid(), '00000000-0000-7000-8000-0000000000b3', '00000000-0000-7000-8000-0000000000c1', 0.33, 'different', '', cid_now()),
  (gen_random_uuid(), '00000000-0000-7000-8000-0000000000b5', '00000000-0000-7000-8000-0000000000a1', 0.34, 'unjudged', 'no judge is switched on', cid_now());

-- A filter before gate 2 that has learned, and has not proved itself.
insert into prefilters (tenant_id, version, state, why, bias, threshold, weights, up, down, labels, decided, passes, held, held_passes, recall, sure, saved)
values ('00000000-0000-7000-8000-00000000000a', 3, 'learning', '41 stories that passed were held back, 100 are wanted', -1.2, -4, '{"quay": 3.1}',
  '[["quay", 3.1, 40, 2]]', '[]', 460, 12, 140, 138, 41, 1, 0.938, 0.37);
-- A tracker of borden's: one story on it, one that does not belong, one that failed and one on its way.
insert into trackers (tenant_id, body) values ('00000000-0000-7000-8000-00000000000b', '{}');
insert into stories (id, words) select ('00000000-0000-7000-8000-0000000000b' || n)::uuid, '{}' from generate_series(1, 4) n;
insert into items (id, url, url_hash, title, story_id, public)
select ('00000000-0000-7000-8000-0000000000f' || n)::uuid, 'https://tracked.test/' || n, sha256(('https://tracked.test/' || n)::bytea),
       'Tracked ' || n, ('00000000-0000-7000-8000-0000000000b' || n)::uuid, true from generate_series(1, 4) n;
insert into screenings (tenant_id, id, desk, story_id, item_id, stage, state, gate, reason, failure)
select '00000000-0000-7000-8000-00000000000b', ('00000000-0000-7000-8000-00000000010' || n)::uuid, 'tracker',
       ('00000000-0000-7000-8000-0000000000b' || n)::uuid, ('00000000-0000-7000-8000-0000000000f' || n)::uuid, 'track',
       (array['passed', 'dropped', 'failed', 'open'])[n], case n when 2 then 'track' end, case n when 2 then 'off_topic' end,
       case n when 3 then 'region: track: a region is not on the list' else '' end
from generate_series(1, 4) n;
insert into track_faults (tenant_id, id, screening_id, kind, error, alone, final, at)
select '00000000-0000-7000-8000-00000000000b', ('00000000-0000-7000-8000-00000000020' || n)::uuid, '00000000-0000-7000-8000-000000000103',
       'region', 'track: a region is not on the list', n > 1, n = 4, cid_now() - make_interval(mins => 30 - n) from generate_series(1, 4) n;
