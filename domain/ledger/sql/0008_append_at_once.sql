-- The usual append: nothing in it stands in the way of anything, so it is judged as a whole.
--
-- Judging one command after another costs more than writing them does. Where every stream is asked
-- for once, none has moved on, no command is on record and no name or key is at stake, all commands
-- are accepted, and a few statements over arrays say so. Anything else goes to append_each, which
-- is the append as it was: what stands in whose way is its business alone. The arguments are its.

alter function {ledger}.append rename to append_each;

revoke all on function {ledger}.append_each from {app};

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
  base int[]; base_at timestamptz[];              -- per slot: the stored version, and its instant
  e_version int[];
  plain boolean;                                  -- whether nothing stands in the way so far
  commands constant int := cardinality(c_id);
  streams constant int := cardinality(s_stream);
  events constant int := cardinality(e_command);
begin
  select h.position into head from {ledger}.lane_head h where h.lane = p_lane for update;
  plain := found and cardinality(l_slot) = streams
    and cardinality(t_name) = 0 and cardinality(f_name) = 0 and cardinality(k_slot) = 0;

  if plain then
    select count(distinct x.id) = commands and count(v.known) = 0 into plain
      from unnest(c_id) as x(id) left join lateral (
        select true as known
          from {ledger}.event e where e.lane = p_lane and e.command = x.id limit 1) v on true;
  end if;
  if plain then
    select count(distinct x.slot) = streams
           and bool_and(coalesce(v.version, 0) = x.version
                        and coalesce(v.leaf_hash, genesis) = x.hash),
           array_agg(x.version order by x.slot),
           array_agg(coalesce(v.recorded_at, '-infinity') order by x.slot)
      into plain, base, base_at
      from unnest(l_slot, l_version, l_hash) as x(slot, version, hash) left join lateral (
        select e.version, e.leaf_hash, e.recorded_at
          from {ledger}.event e where e.lane = p_lane and e.stream = s_stream[x.slot]
         order by e.version desc limit 1) v on true;
  end if;
  if plain then
    -- Time must not run backwards in a stream.
    select bool_and(y.at >= y.before), array_agg(y.version order by y.number)
      into plain, e_version
      from (select x.number, x.at, base[x.slot] + row_number() over events_of as version,
                   coalesce(lag(x.at) over events_of, base_at[x.slot]) as before
              from unnest(e_slot, e_at) with ordinality as x(slot, at, number)
            window events_of as (partition by x.slot order by x.number)) y;
  end if;
  if plain then
    select count(*) = commands, array_agg(head + y.last order by y.command) into plain, lasts
      from (select x.command, max(x.number) as last
              from unnest(e_command) with ordinality as x(command, number) group by x.command) y;
  end if;

  if plain is not true then
    select j.verdicts, j.lasts into verdicts, lasts
      from {ledger}.append_each(
        p_lane, c_id, c_hmac, s_stream, l_command, l_slot, l_version, l_hash,
        e_command, e_slot, e_topic, e_at, e_state, t_command, t_name, t_slot, f_command, f_name,
        k_command, k_slot, k_subject, k_wrapped,
        d_command, d_slot, d_version, d_pointer, d_subject, d_sealed) j;
    return;
  end if;

  verdicts := array_fill('accepted'::text, array[commands]);
  if cardinality(d_command) > 0 then
    insert into {personal}.disclosure(lane, stream, version, pointer, subject, sealed)
    select p_lane, s_stream[x.slot], x.version, x.pointer, x.subject, x.sealed
      from unnest(d_slot, d_version, d_pointer, d_subject, d_sealed)
           as x(slot, version, pointer, subject, sealed);
  end if;
  insert into {ledger}.event(lane, position, stream, version, topic, command, body_hmac, recorded_at, state)
  select p_lane, head + x.number, s_stream[x.slot], x.version, x.topic,
         c_id[x.command], c_hmac[x.command], x.at, x.state
    from unnest(e_slot, e_version, e_topic, e_command, e_at, e_state)
         with ordinality as x(slot, version, topic, command, at, state, number);
  update {ledger}.lane_head h set position = head + events where h.lane = p_lane;
end
$append$;

revoke all on function {ledger}.append from public;

grant execute on function {ledger}.append to {app};
