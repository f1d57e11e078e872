-- Where views are built anew beside those that are read. All tables in it are made by who builds.

create schema {rebuild};

grant usage, create on schema {rebuild} to {app};
