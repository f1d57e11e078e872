-- Forgetting: what an erasure on record has named is destroyed here, and nothing else ever is.
--
-- The eraser does not delete by itself any more. The function reads the stream's own facts, so
-- whoever calls it can destroy only what the chain says was erased, and calling it again after an
-- older backup came back destroys the same again.

revoke delete on all tables in schema {personal} from {eraser};

create index event_erasure on {ledger}.event (lane, stream)
 where topic in ('personal_data.erased.v1', 'personal_data.restricted.v1');

-- A key made after an erasure is named subject~version, by the version that erased before it.
create function {personal}.forget(p_lane int, p_stream text, out keys int, out texts int)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $forget$
begin
  with erased as (
    select convert_from(e.state, 'UTF8')::jsonb -> 'data' ->> 'subject' as subject,
           max(e.version) as version
      from {ledger}.event e
     where e.lane = p_lane and e.stream = p_stream and e.topic = 'personal_data.erased.v1'
     group by 1),
  gone as (
    delete from {personal}.disclosure d using erased x
     where d.lane = p_lane and d.stream = p_stream
       and split_part(d.subject, '~', 1) = x.subject and d.version < x.version
    returning 1)
  select count(*) into texts from gone;
  with erased as (
    select convert_from(e.state, 'UTF8')::jsonb -> 'data' ->> 'subject' as subject,
           max(e.version) as version
      from {ledger}.event e
     where e.lane = p_lane and e.stream = p_stream and e.topic = 'personal_data.erased.v1'
     group by 1),
  gone as (
    delete from {personal}.subject_key k using erased x
     where k.lane = p_lane and k.stream = p_stream
       and split_part(k.subject, '~', 1) = x.subject
       and coalesce(nullif(split_part(k.subject, '~', 2), '')::int, 0) < x.version
    returning 1)
  select count(*) into keys from gone;
end
$forget$;

revoke all on function {personal}.forget from public;

grant execute on function {personal}.forget to {eraser};
