-- Files of a followed source: their entries by id, since a removal tells the id alone, and which of them have still to go into the file store or out of it.
create table catalog.follow_files (
    -- The collection of the entries, as the source calls it.
    collection text collate "C" not null,
    id bytea not null,
    name text collate "C" not null,
    uploaded bigint not null,
    entry bytea not null,
    gone boolean not null default false,
    pending boolean not null,
    -- Why it could not be put together from what the source holds.
    trouble text,
    -- The epoch: it was there when following began.
    changed_at timestamptz not null default clock_timestamp(),
    primary key (collection, id)
);
create index follow_files_name on catalog.follow_files (name);
create index follow_files_pending on catalog.follow_files (name) where pending;

-- Pieces of files from the dumps of an oplog, which cannot be asked for them later.
create table catalog.follow_chunks (
    id bytea primary key,
    file bytea not null,
    document bytea not null
);
create index follow_chunks_file on catalog.follow_chunks (file);
alter table catalog.follow_chunks alter column document set storage external;

-- Whether all entries of the source have been read into follow_files.
alter table catalog.follow add column files_known boolean not null default false;
