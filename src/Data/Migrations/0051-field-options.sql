-- The declaration of a field said that it is not required; it is shown as it was declared.
alter table catalog.fields add column optional_stated boolean not null default false;
