-- What may be forgotten: keys of data subjects, and values sealed with them.
--
-- Kept apart from the record, so that erasing here leaves every hash, proof and stamp there valid.

create schema {personal};

grant usage on schema {personal} to {app}, {eraser};

create table {personal}.subject_key(
  lane int not null,
  stream text not null,
  subject text not null,
  wrapped bytea not null,
  primary key (lane, stream, subject)) {partition};

create table {personal}.disclosure(
  lane int not null,
  stream text not null,
  version int not null,
  pointer text not null,
  subject text not null,
  sealed bytea not null,
  primary key (lane, stream, version, pointer)) {partition};

grant select on all tables in schema {personal} to {app};

grant select, delete on all tables in schema {personal} to {eraser};
