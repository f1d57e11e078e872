-- The Merkle log of each lane: written by the notary alone, read by everybody, deleted by nobody.
--
-- tile holds full tiles only and is never updated; what is not full yet stands in tree.edge. A tile's
-- "index" is its number in its level, as its path has it.

create table {ledger}.tree(
  lane int not null,
  size bigint not null default 0,
  edge bytea not null default '',
  primary key (lane),
  check (size >= 0),
  check (octet_length(edge) % 32 = 0)) {partition};

create table {ledger}.tile(
  lane int not null,
  level int not null,
  index bigint not null,
  hashes bytea not null,
  primary key (lane, level, index),
  check (level >= 0),
  check (index >= 0),
  check (octet_length(hashes) = 8192)) {partition};

create table {ledger}.checkpoint(
  lane int not null,
  size bigint not null,
  root bytea not null,
  note bytea not null,
  published_at timestamptz not null,
  primary key (lane, size),
  check (size > 0),
  check (octet_length(root) = 32)) {partition};

create table {ledger}.anchor(
  lane int not null,
  size bigint not null,
  kind text not null,
  name text not null,
  content bytea not null,
  obtained_at timestamptz not null,
  primary key (lane, size, kind, name)) {partition};

insert into {ledger}.tree(lane) select lane from generate_series(0, {lanes} - 1) as lane;

grant select on {ledger}.tree, {ledger}.tile, {ledger}.checkpoint, {ledger}.anchor to {app}, {notary};

grant update (size, edge) on {ledger}.tree to {notary};

grant insert on {ledger}.tile, {ledger}.checkpoint, {ledger}.anchor to {notary};
