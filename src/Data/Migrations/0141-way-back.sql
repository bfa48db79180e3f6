-- The way back of a move (import-mongo return): how far the changes of this database have been brought to the old one.
create table catalog.way_back (
    only_row boolean primary key default true check (only_row),
    -- A place in the change feed: everything before it is there.
    position text not null,
    -- What was last written there of each class's schema (a hash by class), and of the web hooks.
    schemas jsonb not null,
    hooks jsonb not null,
    -- Documents written and deleted so far.
    written bigint not null default 0,
    prepared_at timestamptz not null default now(),
    returned_at timestamptz,
    -- When the old server's database was complete and this one closed.
    finished_at timestamptz
);
