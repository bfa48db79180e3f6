-- Which folder (or bucket) the files of this deployment are in: a process that finds another one says so at start.
create table catalog.file_store (
    only_row boolean primary key default true check (only_row),
    id uuid not null
);
