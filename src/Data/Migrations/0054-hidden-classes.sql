create schema if not exists parse_compat;

-- System classes whose schema a client deleted: their tables stay, and they are not shown until they are used again.
create table parse_compat.hidden_classes (
    name text collate "C" primary key
);
