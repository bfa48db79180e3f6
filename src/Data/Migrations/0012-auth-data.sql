-- What the other providers know of a user stands in his row as well, so that he himself and an administrator read it like any field.
-- Triggers keep it: whoever writes identities, the API, an import or plain SQL.
alter table app.users add column auth_data jsonb;

create function app.keep_auth_data() returns trigger language plpgsql as $$
begin
    update app.users u
    set auth_data = (select jsonb_object_agg(i.provider, i.data) from app.identities i where i.user_id = u.id)
    where u.id in (select user_id from changed_rows);
    return null;
end $$;
create trigger keep_auth_data_inserted after insert on app.identities
    referencing new table as changed_rows for each statement execute function app.keep_auth_data();
create trigger keep_auth_data_updated after update on app.identities
    referencing new table as changed_rows for each statement execute function app.keep_auth_data();
create trigger keep_auth_data_deleted after delete on app.identities
    referencing old table as changed_rows for each statement execute function app.keep_auth_data();

update app.users u
set auth_data = (select jsonb_object_agg(i.provider, i.data) from app.identities i where i.user_id = u.id)
where exists (select 1 from app.identities i where i.user_id = u.id);

insert into catalog.fields (table_number, name, kind, column_name, system, secret)
select number, 'authData', 'Object', 'auth_data', true, true from catalog.tables where origin = '_User';
update catalog.state set version = version + 1;
