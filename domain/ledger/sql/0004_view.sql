-- Where views live. Their tables are made by the views themselves; only their positions stand here.

create schema {view};

grant usage, create on schema {view} to {app};

create table {view}.position(
  lane int not null,
  view text not null,
  position bigint not null default 0,
  epoch bigint not null default 0,
  owner text,
  lease_until timestamptz not null default '-infinity',
  primary key (lane, view)) {partition};

grant select, insert, update, delete on {view}.position to {app};
