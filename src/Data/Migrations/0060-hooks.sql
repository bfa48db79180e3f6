-- What lives no longer than the transition stands in a schema of its own: the removal of the old dialect drops it whole.
create schema if not exists parse_compat;

-- Web hooks: addresses that are called instead of a function, or before and after reads and writes of a class (contract section 21).
create table parse_compat.hooks (
    number bigint generated always as identity primary key,
    function_name text collate "C" unique,
    class_name text collate "C",
    trigger_name text collate "C",
    url text not null,
    unique (class_name, trigger_name),
    check ((function_name is null) = (class_name is not null and trigger_name is not null)),
    check ((class_name is null) = (trigger_name is null))
);
