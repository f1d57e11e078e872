-- The append of one lane: one call, one round trip, one transaction, for many commands.
--
-- Plain statements and never one big data-modifying CTE: under READ COMMITTED every statement of a
-- volatile function takes its own snapshot, so the probes see what a rival committed while we
-- waited for the lane. Each table is probed alone, key by key, in a lateral subquery that the
-- planner can neither flatten nor turn: "key = any(array)" or a join, planned and cached while the
-- tables were empty, reads the whole lane once they have grown.
--
-- One entry per command (c_), stream (s_), judged stream of a command (l_), event (e_), name to
-- take (t_) or to free (f_), wrapped key (k_) and disclosure (d_). A *_command is the number of its
-- command, a *_slot the number of its stream in s_stream, both from 1; l_, e_, t_, f_ and k_ come
-- in the order of their commands. An event's version and position are given here, not there.

create function {ledger}.append(
  p_lane int,
  c_id text[], c_hmac bytea[],
  s_stream text[],
  l_command int[], l_slot int[], l_version int[], l_hash bytea[],
  e_command int[], e_slot int[], e_topic text[], e_at timestamptz[], e_state bytea[],
  t_command int[], t_name text[], t_slot int[],
  f_command int[], f_name text[],
  k_command int[], k_slot int[], k_subject text[], k_wrapped bytea[],
  d_command int[], d_slot int[], d_version int[], d_pointer text[], d_subject text[], d_sealed bytea[],
  out verdicts text[], out lasts bigint[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $append$
declare
  genesis constant bytea := decode(repeat('00', 32), 'hex');
  head bigint;                                    -- the lane's last position as we found it
  last bigint;                                    -- the lane's last position as we go on
  known_id text[]; known_hmac bytea[]; known_last bigint[];
  head_slot int[]; head_version int[]; head_hash bytea[]; head_at timestamptz[];
  base int[];                                     -- per slot: the stored version
  -- per slot: the head as it grows in this call
  now_version int[]; now_hash bytea[]; now_at timestamptz[];
  held text[];                                    -- names to take that are taken
  touched text[] := '{}';                         -- names taken or freed by this call
  kept text[];                                    -- keys to keep that are there already
  e_position bigint[]; e_version int[];           -- per event; null when not accepted
  freed text[] := '{}'; freed_name text;
  commands constant int := cardinality(c_id);
  streams constant int := cardinality(s_stream);
  links constant int := cardinality(l_command);
  events constant int := cardinality(e_command);
  takes constant int := cardinality(t_command);
  frees constant int := cardinality(f_command);
  keys constant int := cardinality(k_command);
  l int := 1; e int := 1; t int := 1; f int := 1; k int := 1;   -- first entries of the next command
  n int; slot int; verdict text;
begin
  select h.position into head from {ledger}.lane_head h where h.lane = p_lane for update;
  if not found then
    raise exception 'this ledger has no lane %', p_lane using errcode = 'TL001';
  end if;
  last := head;

  select array_agg(v.command), array_agg(v.body_hmac), array_agg(v.position)
    into known_id, known_hmac, known_last
    from unnest(c_id) as x(id) cross join lateral (
      select e.command, e.body_hmac, e.position
        from {ledger}.event e where e.lane = p_lane and e.command = x.id offset 0) v;
  select array_agg(x.slot), array_agg(v.version), array_agg(v.leaf_hash), array_agg(v.recorded_at)
    into head_slot, head_version, head_hash, head_at
    from unnest(s_stream) with ordinality as x(stream, slot) cross join lateral (
      select e.version, e.leaf_hash, e.recorded_at
        from {ledger}.event e where e.lane = p_lane and e.stream = x.stream
       order by e.version desc limit 1) v;
  if takes > 0 then
    select array_agg(x.name) into held
      from unnest(t_name) as x(name) cross join lateral (
        select from {ledger}.reservation r where r.lane = p_lane and r.name = x.name offset 0) v;
  end if;
  if keys > 0 then
    select array_agg(x.slot || ' ' || x.subject) into kept
      from unnest(k_slot, k_subject) as x(slot, subject) cross join lateral (
        select from {personal}.subject_key y
         where y.lane = p_lane and y.stream = s_stream[x.slot] and y.subject = x.subject offset 0) v;
  end if;

  base := array_fill(0, array[streams]);
  now_hash := array_fill(genesis, array[streams]);
  now_at := array_fill('-infinity'::timestamptz, array[streams]);
  for n in 1 .. coalesce(cardinality(head_slot), 0) loop
    base[head_slot[n]] := head_version[n];
    now_hash[head_slot[n]] := head_hash[n];
    now_at[head_slot[n]] := head_at[n];
  end loop;
  now_version := base;
  verdicts := array_fill(null::text, array[commands]);
  lasts := array_fill(null::bigint, array[commands]);
  e_position := array_fill(null::bigint, array[events]);
  e_version := array_fill(null::int, array[events]);

  for command in 1 .. commands loop
    -- Judge: the first thing that stands in the way is the verdict.
    verdict := 'accepted';
    if known_id is not null then
      for n in 1 .. cardinality(known_id) loop
        if known_id[n] = c_id[command] then
          if known_hmac[n] = c_hmac[command] then
            verdict := 'replayed';
            lasts[command] := greatest(lasts[command], known_last[n]);
          else
            verdict := 'key_reused';
          end if;
        end if;
      end loop;
    end if;
    if verdict = 'accepted' and array_position(c_id, c_id[command]) < command then
      verdict := 'later';
    end if;

    while l <= links and l_command[l] = command loop
      slot := l_slot[l];
      if verdict = 'accepted' and (now_version[slot] <> l_version[l]
                                     or now_hash[slot] <> l_hash[l]) then
        verdict := case when now_version[slot] > base[slot] and l_version[l] <= base[slot]
                        then 'later' else 'conflict' end;
      end if;
      l := l + 1;
    end loop;
    while k <= keys and k_command[k] = command loop
      if verdict = 'accepted' and k_slot[k] || ' ' || k_subject[k] = any (kept) then
        verdict := 'conflict';   -- the stored key is the one to seal with
      end if;
      k := k + 1;
    end loop;
    n := f;
    while n <= frees and f_command[n] = command loop
      if verdict = 'accepted' and f_name[n] = any (touched) then
        verdict := 'later';
      end if;
      n := n + 1;
    end loop;
    while t <= takes and t_command[t] = command loop
      if verdict = 'accepted' and t_name[t] = any (touched) then
        verdict := 'later';
      elsif verdict = 'accepted' and t_name[t] = any (held)
            and not (n > f and t_name[t] = any (f_name[f : n - 1])) then
        verdict := 'reserved';
      end if;
      t := t + 1;
    end loop;
    n := e;
    while n <= events and e_command[n] = command and verdict = 'accepted' loop
      slot := e_slot[n];
      if e_at[n] < now_at[slot] then
        verdict := 'conflict';   -- time must not run backwards in a stream
      else
        now_at[slot] := e_at[n];
      end if;
      n := n + 1;
    end loop;
    verdicts[command] := verdict;

    -- Note what an accepted command changes, for itself and for the next ones.
    while e <= events and e_command[e] = command loop
      if verdict = 'accepted' then
        slot := e_slot[e];
        last := last + 1;
        now_version[slot] := now_version[slot] + 1;
        now_hash[slot] := sha256('\x00'::bytea || e_state[e]);
        e_position[e] := last;
        e_version[e] := now_version[slot];
        lasts[command] := last;
      end if;
      e := e + 1;
    end loop;
    while f <= frees and f_command[f] = command loop
      if verdict = 'accepted' then
        touched := touched || f_name[f];
        freed := freed || f_name[f];
      end if;
      f := f + 1;
    end loop;
    n := t - 1;
    while n > 0 and t_command[n] = command loop
      if verdict = 'accepted' then
        touched := touched || t_name[n];
      end if;
      n := n - 1;
    end loop;
    n := k - 1;
    while n > 0 and k_command[n] = command loop
      if verdict = 'accepted' then
        kept := kept || (k_slot[n] || ' ' || k_subject[n]);
      end if;
      n := n - 1;
    end loop;
  end loop;

  if last = head then
    return;
  end if;

  foreach freed_name in array freed loop
    delete from {ledger}.reservation r where r.lane = p_lane and r.name = freed_name;
  end loop;
  if takes > 0 then
    insert into {ledger}.reservation(lane, name, stream)
    select p_lane, x.name, s_stream[x.slot] from unnest(t_command, t_name, t_slot) as x(command, name, slot)
     where verdicts[x.command] = 'accepted';
  end if;
  if keys > 0 then
    insert into {personal}.subject_key(lane, stream, subject, wrapped)
    select p_lane, s_stream[x.slot], x.subject, x.wrapped
      from unnest(k_command, k_slot, k_subject, k_wrapped) as x(command, slot, subject, wrapped)
     where verdicts[x.command] = 'accepted';
  end if;
  if cardinality(d_command) > 0 then
    insert into {personal}.disclosure(lane, stream, version, pointer, subject, sealed)
    select p_lane, s_stream[x.slot], x.version, x.pointer, x.subject, x.sealed
      from unnest(d_command, d_slot, d_version, d_pointer, d_subject, d_sealed)
           as x(command, slot, version, pointer, subject, sealed)
     where verdicts[x.command] = 'accepted';
  end if;
  insert into {ledger}.event(lane, position, stream, version, topic, command, body_hmac, recorded_at, state)
  select p_lane, x.position, s_stream[x.slot], x.version, x.topic,
         c_id[x.command], c_hmac[x.command], x.at, x.state
    from unnest(e_position, e_slot, e_version, e_topic, e_command, e_at, e_state)
         as x(position, slot, version, topic, command, at, state)
   where x.position is not null;
  update {ledger}.lane_head h set position = last where h.lane = p_lane;
end
$append$;

revoke all on function {ledger}.append from public;

grant execute on function {ledger}.append to {app};

create function {ledger}.keep_book(p_lane int, p_content bytea)
returns bytea
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $keep_book$
begin
  insert into {ledger}.book(lane, digest, content) values (p_lane, sha256(p_content), p_content)
  on conflict (lane, digest) do nothing;
  return sha256(p_content);
end
$keep_book$;

revoke all on function {ledger}.keep_book from public;

grant execute on function {ledger}.keep_book to {app};
