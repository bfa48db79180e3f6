-- Differences that the last complete comparison found and that cannot be looked at once more row by row: of links and of the schema, or too many.
alter table catalog.follow add column other_differences bigint not null default 0;
