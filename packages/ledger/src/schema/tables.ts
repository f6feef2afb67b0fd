import type { ObjectState } from "../objects/states.ts";
import type { Evidence } from "../objects/object-record.ts";

// The rows of the tables. Only text, integer and bigint: what SQLite and Postgres both have. Times are milliseconds since 1970
// UTC as bigint; JSON is text, since nothing asks the database about what is inside.

/** One row: whose ledger this is. */
export interface LedgerTable {
  id: number;
  fingerprint: string;
  created_at: number;
  created_by: string;
}

/** One row: who may write. It stays when nobody does, since its fencing number must never go back. */
export interface LockTable {
  id: number;
  /** Grows by one with every owner; checked in every transaction that writes. */
  fence: number;
  /** 1 while somebody owns the ledger. */
  held: number;
  host: string;
  /** Tells hosts, and process-id namespaces on one host, apart, where a name does not. */
  host_identity: string;
  pid: number;
  /** Tells a process from a later one with the same pid. */
  process_start: string;
  command: string;
  acquired_at: number;
  heartbeat_at: number;
}

export interface RoutesTable {
  id: number;
  name: string;
  source_identity: string;
  target_identity: string;
  created_at: number;
}

export interface RunsTable {
  id: number;
  command: string;
  version: string;
  host: string;
  pid: number;
  started_at: number;
  finished_at: number | null;
  exit_code: number | null;
  summary: string | null;
}

export interface ObjectsTable {
  route_id: number;
  /** UTF-8 byte order: SQLite's BINARY, Postgres' COLLATE "C". */
  key: string;
  state: ObjectState;
  reason: string | null;
  size: number;
  etag: string | null;
  version: string | null;
  last_modified: number | null;
  content_type: string | null;
  sha256: string | null;
  target_key: string;
  target_etag: string | null;
  target_size: number | null;
  evidence: Evidence | null;
  not_carried: string | null;
  attempts: number;
  error_code: string | null;
  error_message: string | null;
  updated_at: number;
}

export interface EventsTable {
  id: number;
  run_id: number;
  at: number;
  level: string;
  type: string;
  route_id: number | null;
  key: string | null;
  detail: string | null;
}

/** A multipart upload that was begun and not completed. */
export interface UploadsTable {
  route_id: number;
  key: string;
  /** Empty while the answer that names it is not known. */
  upload_id: string;
  target_key: string;
  source_etag: string;
  size: number;
  part_size: number;
  started_at: number;
}

export interface UploadPartsTable {
  route_id: number;
  key: string;
  part_number: number;
  etag: string;
  size: number;
  digest: string;
}
