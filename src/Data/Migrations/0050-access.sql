-- A list of one reference to a user, as references stand inside arrays: a user is in an array when the array @> this.
create function catalog.user_reference(id text) returns jsonb
language sql immutable parallel safe as $$
    select jsonb_build_array(jsonb_build_object('__type', 'Pointer', 'className', '_User', 'objectId', id))
$$;
