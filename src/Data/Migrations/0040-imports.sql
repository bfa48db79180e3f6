-- What an import left behind, per relation: so that a second import knows whether anybody else has written since
-- (docs/decisions/010-import-state.md). Every row version carries the transaction that wrote it, so nothing has to be noted when rows are written.
create table catalog.imports (
    relation text collate "C" primary key,
    table_number int not null references catalog.tables on delete cascade,
    row_count bigint not null,
    -- The transactions (xmin) that wrote the rows.
    writers text[] not null,
    -- Of the table's entry in the catalog: fields, options, permissions.
    shape text not null,
    source text not null,
    finished_at timestamptz not null default now()
);
