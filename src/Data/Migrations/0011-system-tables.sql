-- The other tables that every deployment has.

create temporary table row_shape (
    id text collate "C" primary key,
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now(),
    acl_read text[],
    acl_write text[],
    public_read boolean not null generated always as (acl_read is null or '*' = any(acl_read)) stored,
    public_write boolean not null generated always as (acl_write is null or '*' = any(acl_write)) stored,
    rest jsonb
) on commit drop;

create table app.installations (
    like row_shape including all,
    installation_id text collate "C",
    device_token text collate "C",
    device_type text collate "C",
    push_type text collate "C",
    gcm_sender_id text collate "C",
    time_zone text collate "C",
    locale_identifier text collate "C",
    app_version text collate "C",
    app_name text collate "C",
    app_identifier text collate "C",
    parse_version text collate "C",
    channels jsonb,
    badge double precision
);
create index installations_created_at on app.installations (created_at, id);
-- Not unique: imported rows hold duplicates of both.
create index installations_installation_id on app.installations (installation_id);
create index installations_device_token on app.installations (device_token);

create table app.product (
    like row_shape including all,
    product_identifier text collate "C",
    download_name text collate "C",
    title text collate "C",
    subtitle text collate "C",
    download text collate "C",
    icon text collate "C",
    "order" double precision
);
create index product_created_at on app.product (created_at, id);

create table app.push_status (
    like row_shape including all,
    push_time text collate "C",
    source text collate "C",
    query text collate "C",
    payload text collate "C",
    title text collate "C",
    status text collate "C",
    push_hash text collate "C",
    expiry double precision,
    expiration_interval double precision,
    num_sent double precision,
    num_failed double precision,
    count double precision,
    error_message jsonb,
    sent_per_type jsonb,
    failed_per_type jsonb,
    sent_per_utc_offset jsonb,
    failed_per_utc_offset jsonb
);
create index push_status_created_at on app.push_status (created_at, id);

create table app.job_status (
    like row_shape including all,
    job_name text collate "C",
    source text collate "C",
    status text collate "C",
    message text collate "C",
    params jsonb,
    finished_at timestamptz(3)
);
create index job_status_created_at on app.job_status (created_at, id);

create table app.job_schedule (
    like row_shape including all,
    job_name text collate "C",
    description text collate "C",
    params text collate "C",
    start_after text collate "C",
    time_of_day text collate "C",
    days_of_week jsonb,
    last_run double precision,
    repeat_minutes double precision
);
create index job_schedule_created_at on app.job_schedule (created_at, id);

create table app.global_config (
    like row_shape including all,
    params jsonb,
    master_key_only jsonb
);
create index global_config_created_at on app.global_config (created_at, id);

create table app.audience (
    like row_shape including all,
    name text collate "C",
    query text collate "C",
    last_used timestamptz(3),
    times_used double precision
);
create index audience_created_at on app.audience (created_at, id);

-- '{}': nobody but an administrator. Whoever knows an installation's id may read and change it; nobody lists or deletes them.
insert into catalog.tables (name, origin, relation, system, permissions) values
    ('installations', '_Installation', 'installations', true,
     '{"get": {"public": true}, "create": {"public": true}, "update": {"public": true}, "addField": {"public": true}}'),
    ('_Product', '_Product', 'product', true, null),
    ('_PushStatus', '_PushStatus', 'push_status', true, '{}'),
    ('_JobStatus', '_JobStatus', 'job_status', true, '{}'),
    ('_JobSchedule', '_JobSchedule', 'job_schedule', true, '{}'),
    ('_GlobalConfig', '_GlobalConfig', 'global_config', true, '{}'),
    ('_Audience', '_Audience', 'audience', true, '{}');

insert into catalog.fields (table_number, name, kind, column_name, required, indexed, system)
select t.number, f.name, f.kind, f.column_name, f.required, f.indexed, true
from catalog.tables t join (values
    (1, '_Installation', 'installationId', 'Text', 'installation_id', false, true),
    (2, '_Installation', 'deviceToken', 'Text', 'device_token', false, true),
    (3, '_Installation', 'deviceType', 'Text', 'device_type', false, false),
    (4, '_Installation', 'pushType', 'Text', 'push_type', false, false),
    (5, '_Installation', 'GCMSenderId', 'Text', 'gcm_sender_id', false, false),
    (6, '_Installation', 'timeZone', 'Text', 'time_zone', false, false),
    (7, '_Installation', 'localeIdentifier', 'Text', 'locale_identifier', false, false),
    (8, '_Installation', 'appVersion', 'Text', 'app_version', false, false),
    (9, '_Installation', 'appName', 'Text', 'app_name', false, false),
    (10, '_Installation', 'appIdentifier', 'Text', 'app_identifier', false, false),
    (11, '_Installation', 'parseVersion', 'Text', 'parse_version', false, false),
    (12, '_Installation', 'channels', 'Array', 'channels', false, false),
    (13, '_Installation', 'badge', 'Number', 'badge', false, false),
    (14, '_Product', 'productIdentifier', 'Text', 'product_identifier', true, false),
    (15, '_Product', 'downloadName', 'Text', 'download_name', false, false),
    (16, '_Product', 'title', 'Text', 'title', true, false),
    (17, '_Product', 'subtitle', 'Text', 'subtitle', true, false),
    (18, '_Product', 'download', 'File', 'download', false, false),
    (19, '_Product', 'icon', 'File', 'icon', true, false),
    (20, '_Product', 'order', 'Number', 'order', true, false),
    (21, '_PushStatus', 'pushTime', 'Text', 'push_time', false, false),
    (22, '_PushStatus', 'source', 'Text', 'source', false, false),
    (23, '_PushStatus', 'query', 'Text', 'query', false, false),
    (24, '_PushStatus', 'payload', 'Text', 'payload', false, false),
    (25, '_PushStatus', 'title', 'Text', 'title', false, false),
    (26, '_PushStatus', 'status', 'Text', 'status', false, false),
    (27, '_PushStatus', 'pushHash', 'Text', 'push_hash', false, false),
    (28, '_PushStatus', 'expiry', 'Number', 'expiry', false, false),
    (29, '_PushStatus', 'expiration_interval', 'Number', 'expiration_interval', false, false),
    (30, '_PushStatus', 'numSent', 'Number', 'num_sent', false, false),
    (31, '_PushStatus', 'numFailed', 'Number', 'num_failed', false, false),
    (32, '_PushStatus', 'count', 'Number', 'count', false, false),
    (33, '_PushStatus', 'errorMessage', 'Object', 'error_message', false, false),
    (34, '_PushStatus', 'sentPerType', 'Object', 'sent_per_type', false, false),
    (35, '_PushStatus', 'failedPerType', 'Object', 'failed_per_type', false, false),
    (36, '_PushStatus', 'sentPerUTCOffset', 'Object', 'sent_per_utc_offset', false, false),
    (37, '_PushStatus', 'failedPerUTCOffset', 'Object', 'failed_per_utc_offset', false, false),
    (38, '_JobStatus', 'jobName', 'Text', 'job_name', false, false),
    (39, '_JobStatus', 'source', 'Text', 'source', false, false),
    (40, '_JobStatus', 'status', 'Text', 'status', false, false),
    (41, '_JobStatus', 'message', 'Text', 'message', false, false),
    (42, '_JobStatus', 'params', 'Object', 'params', false, false),
    (43, '_JobStatus', 'finishedAt', 'Timestamp', 'finished_at', false, false),
    (44, '_JobSchedule', 'jobName', 'Text', 'job_name', false, false),
    (45, '_JobSchedule', 'description', 'Text', 'description', false, false),
    (46, '_JobSchedule', 'params', 'Text', 'params', false, false),
    (47, '_JobSchedule', 'startAfter', 'Text', 'start_after', false, false),
    (48, '_JobSchedule', 'timeOfDay', 'Text', 'time_of_day', false, false),
    (49, '_JobSchedule', 'daysOfWeek', 'Array', 'days_of_week', false, false),
    (50, '_JobSchedule', 'lastRun', 'Number', 'last_run', false, false),
    (51, '_JobSchedule', 'repeatMinutes', 'Number', 'repeat_minutes', false, false),
    (52, '_GlobalConfig', 'params', 'Object', 'params', false, false),
    (53, '_GlobalConfig', 'masterKeyOnly', 'Object', 'master_key_only', false, false),
    (54, '_Audience', 'name', 'Text', 'name', false, false),
    (55, '_Audience', 'query', 'Text', 'query', false, false),
    (56, '_Audience', 'lastUsed', 'Timestamp', 'last_used', false, false),
    (57, '_Audience', 'timesUsed', 'Number', 'times_used', false, false)
) f (place, origin, name, kind, column_name, required, indexed) on f.origin = t.origin
order by f.place;
