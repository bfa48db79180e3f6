-- Web hooks that an import brought follow their source; those that were declared here do not.
alter table if exists parse_compat.hooks add column imported boolean not null default false;
