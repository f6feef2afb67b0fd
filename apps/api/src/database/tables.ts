import type { Generated } from "kysely";

/** Times are ISO 8601 in UTC with milliseconds: they sort as text, and both databases give them back as they were. */
export type Timestamp = string;

export interface LectureTable {
  readonly id: string;
  readonly owner_id: string;
  title: string;
  /** Key of the audio at storage; null: none yet. */
  audio_key: string | null;
  /** The URL that clients are given, as the row's readers expect it. */
  audio_url: string | null;
  audio_content_type: string | null;
  audio_size_bytes: number | null;
  audio_etag: string | null;
  status: "empty" | "processing" | "ready" | "failed";
  duration_seconds: number | null;
  codec: string | null;
  bit_rate: number | null;
  /** Why processing failed, for a person. */
  failure: string | null;
  readonly created_at: Timestamp;
  updated_at: Timestamp;
}

export interface ProfileImageTable {
  readonly user_id: string;
  image_key: string;
  image_url: string;
  content_type: string;
  size_bytes: number;
  etag: string;
  updated_at: Timestamp;
}

/** Direct and resumable uploads that were announced and may not be finished yet. */
export interface UploadTable {
  readonly id: string;
  readonly owner_id: string;
  readonly purpose: "lecture-audio" | "profile-image" | "file";
  /** The lecture's or user's id; null for a plain file. */
  readonly subject_id: string | null;
  readonly protocol: "direct" | "tus";
  readonly object_key: string;
  readonly content_type: string;
  readonly size_bytes: number;
  /** Hex; what the client said the content's SHA-256 is. */
  readonly sha256: string | null;
  state: "open" | "complete";
  /** Bytes that are stored so far; tus only. */
  offset_bytes: number;
  /** What the protocol needs to go on, as JSON. */
  progress: string | null;
  readonly created_at: Timestamp;
  readonly expires_at: Timestamp;
}

/**
 * Objects that storage may hold and no row needs. A key is written here before its upload begins and taken out in the
 * transaction that puts it into a row; a replaced key is written here in the transaction that takes it out of its row. So
 * whatever dies in between, the object is found and deleted once `due_at` has come.
 */
export interface UnneededObjectTable {
  readonly object_key: string;
  due_at: Timestamp;
  /** How often its deletion was begun; from the first time on no row may take the key. */
  attempts: number;
}

/** Background work. It is written in the transaction that makes it necessary. */
export interface JobTable {
  readonly id: Generated<number>;
  readonly kind: "inspect-audio";
  readonly subject_id: string;
  /** The key that the job is about: the row may hold another one by now. */
  readonly object_key: string;
  run_at: Timestamp;
  attempts: number;
  /** Somebody works on it until then. */
  leased_until: Timestamp | null;
  last_error: string | null;
}

export interface ApiKeyTable {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the secret, hex. The secret has 256 random bits, so a slow hash would add nothing. */
  readonly secret_sha256: string;
  readonly role: "authenticated" | "service_role";
  readonly subject_id: string;
  readonly created_at: Timestamp;
  revoked_at: Timestamp | null;
}

export interface IdempotencyTable {
  readonly scope: string;
  readonly idempotency_key: string;
  /** What the request was, so that another one is not answered with its result. */
  readonly fingerprint: string;
  /** Null while the first request is being worked on. */
  response_status: number | null;
  response_body: string | null;
  response_headers: string | null;
  /** A request that is being worked on holds the key until then. */
  leased_until: Timestamp;
  readonly expires_at: Timestamp;
}

export interface ServiceTables {
  readonly lectures: LectureTable;
  readonly profile_images: ProfileImageTable;
  readonly bucketferry_uploads: UploadTable;
  readonly bucketferry_unneeded_objects: UnneededObjectTable;
  readonly bucketferry_jobs: JobTable;
  readonly bucketferry_api_keys: ApiKeyTable;
  readonly bucketferry_idempotency: IdempotencyTable;
}
