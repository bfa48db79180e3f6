-- Names under which rows hold an explicit null though no field has them: a null says nothing of a type, so it makes no field.
alter table catalog.tables add column untyped text[] not null default '{}';
