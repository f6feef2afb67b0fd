/**
 * The first schema. Keys sort by their bytes, and `objects` lives in its primary key. The index serves two questions without
 * touching that table: the next page of a state in key order, and how many objects and bytes are in which state.
 */
export const firstSchema = `
  create table ledger (
    id integer primary key,
    fingerprint text not null,
    created_at bigint not null,
    created_by text not null
  );
  create table lock (
    id integer primary key,
    fence bigint not null,
    held integer not null,
    host text not null,
    host_identity text not null,
    pid bigint not null,
    process_start text not null,
    command text not null,
    acquired_at bigint not null,
    heartbeat_at bigint not null
  );
  create table routes (
    id integer primary key,
    name text not null unique,
    source_identity text not null,
    target_identity text not null,
    created_at bigint not null
  );
  create table runs (
    id integer primary key,
    command text not null,
    version text not null,
    host text not null,
    pid bigint not null,
    started_at bigint not null,
    finished_at bigint,
    exit_code integer,
    summary text
  );
  create table objects (
    route_id integer not null references routes (id),
    key text not null collate binary,
    state text not null,
    reason text,
    size bigint not null,
    etag text,
    version text,
    last_modified bigint,
    content_type text,
    sha256 text,
    target_key text not null,
    target_etag text,
    target_size bigint,
    evidence text,
    not_carried text,
    attempts integer not null,
    error_code text,
    error_message text,
    updated_at bigint not null,
    constraint objects_pkey primary key (route_id, key)
  ) without rowid;
  create index objects_by_state on objects (route_id, state, key, size);
  create table events (
    id integer primary key,
    run_id bigint not null,
    at bigint not null,
    level text not null,
    type text not null,
    route_id integer,
    key text,
    detail text
  );
  create table uploads (
    route_id integer not null references routes (id),
    key text not null collate binary,
    upload_id text not null,
    target_key text not null,
    source_etag text not null,
    size bigint not null,
    part_size bigint not null,
    started_at bigint not null,
    constraint uploads_pkey primary key (route_id, key)
  );
  create table upload_parts (
    route_id integer not null,
    key text not null collate binary,
    part_number integer not null,
    etag text not null,
    size bigint not null,
    constraint upload_parts_pkey primary key (route_id, key, part_number)
  );`;
