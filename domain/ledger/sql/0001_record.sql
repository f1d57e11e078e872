-- The record: what was said, in which order, and the head of each lane.
--
-- lane is the first column of every key, so that a lane can live on a machine of its own.
-- Names in braces are filled in by domain.ledger.migrations; {partition} is empty on one machine.

create schema {ledger};

grant usage on schema {ledger} to {app}, {notary}, {eraser};

create table {ledger}.genesis(
  lane int not null,
  lanes int not null,
  origin text not null,
  created_at timestamptz not null default now(),
  primary key (lane),
  check (lane >= 0 and lane < lanes)) {partition};

create table {ledger}.lane_head(
  lane int not null,
  position bigint not null default 0,
  primary key (lane)) {partition};

create table {ledger}.event(
  lane int not null,
  position bigint not null,
  stream text not null,
  version int not null,
  topic text not null,
  command text not null,
  body_hmac bytea not null,
  recorded_at timestamptz not null,
  state bytea not null,
  leaf_hash bytea not null generated always as (sha256('\x00'::bytea || state)) stored,
  primary key (lane, position),
  unique (lane, stream, version),
  check (position > 0),
  check (version > 0),
  check (octet_length(state) between 2 and 65535)) {partition};

create index event_command on {ledger}.event (lane, command);

create table {ledger}.reservation(
  lane int not null,
  name text not null,
  stream text not null,
  primary key (lane, name)) {partition};

create table {ledger}.book(
  lane int not null,
  digest bytea not null,
  content bytea not null,
  primary key (lane, digest),
  check (octet_length(digest) = 32)) {partition};

insert into {ledger}.genesis(lane, lanes, origin)
select lane, {lanes}, {origin} || '/lane-' || lane from generate_series(0, {lanes} - 1) as lane;

insert into {ledger}.lane_head(lane) select lane from generate_series(0, {lanes} - 1) as lane;

grant select on all tables in schema {ledger} to {app}, {notary};
