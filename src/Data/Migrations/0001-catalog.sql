-- The catalog: which tables and fields exist, how they are named and typed, and who may use them.
create extension if not exists postgis;

create schema if not exists catalog;
create schema if not exists app;

-- One row. Its version grows with every change of the catalog, and its row lock puts the changes in order.
create table catalog.state (
    only_row boolean primary key default true check (only_row),
    version bigint not null
);
insert into catalog.state (version) values (1);

create table catalog.tables (
    number int generated always as identity primary key,
    name text collate "C" not null unique,
    origin text collate "C" not null unique,
    relation text collate "C" not null unique,
    system boolean not null default false,
    -- An import fills a table before anybody sees it.
    visible boolean not null default true,
    permissions jsonb
);

create table catalog.fields (
    number int generated always as identity primary key,
    table_number int not null references catalog.tables on delete cascade,
    name text collate "C" not null,
    kind text not null,
    target text collate "C",
    -- Null: no column yet, the values are in the rows' rest. Of a relation: the join table.
    column_name text collate "C",
    required boolean not null default false,
    -- In the form of rest.
    default_value jsonb,
    has_rest boolean not null default false,
    indexed boolean not null default false,
    system boolean not null default false,
    secret boolean not null default false,
    unique (table_number, name)
);
create unique index fields_column on catalog.fields (table_number, column_name) where kind <> 'Relation';
create unique index fields_join_table on catalog.fields (column_name) where kind = 'Relation';

create table catalog.indexes (
    table_number int not null references catalog.tables on delete cascade,
    name text collate "C" not null,
    -- Null: noted, but nothing could be built for it.
    relation text collate "C",
    definition json not null,
    primary key (table_number, name)
);

-- A row for each live process: the version it has, and until when it counts as alive.
create unlogged table catalog.processes (
    id uuid primary key,
    acknowledged bigint not null,
    lease_until timestamptz not null
);
