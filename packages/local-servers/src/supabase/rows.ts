import type { Body, Bucket, ObjectStore, StoredObject } from "../store/index.ts";
import { type FoldedNames, foldedNames } from "./folded-names.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A row of `storage.buckets`. */
export interface BucketColumns {
  readonly owner: string;
  readonly public: boolean;
  /** Bytes. */
  readonly fileSizeLimit: number | null;
  readonly allowedMimeTypes: readonly string[] | null;
  readonly createdAtUs: number;
  readonly updatedAtUs: number;
}

/** A row of `storage.objects`, and what the backend knows about the file. */
export interface ObjectColumns {
  readonly id: string;
  /** A new UUID with every write, move and copy. */
  readonly version: string;
  readonly ownerId: string | null;
  readonly contentType: string;
  readonly cacheControl: string;
  /** Of the stored bytes; servers before 1.80 keep none. */
  readonly contentEncoding?: string | undefined;
  /** With its double quotes. */
  readonly etag: string;
  /** Of the content, in hex, whatever the ETag is. */
  readonly md5: string;
  readonly xRobotsTag: string | null;
  readonly userMetadata: JsonObject | null;
  readonly createdAtUs: number;
  readonly updatedAtUs: number;
  /** When the backend wrote the file. */
  readonly fileTimeUs: number;
}

/** An upload by TUS. Once it is finished, only this is left of it: the bytes belong to the object. */
export interface UploadColumns {
  readonly version: string;
  /** Undefined while the client has not said it. */
  readonly length: number | undefined;
  /** Values as the client sent them, decoded, but for `cacheControl`. */
  readonly metadata: Readonly<Record<string, string | null>>;
  readonly expiresAtMs: number | undefined;
  readonly finished: boolean;
}

export interface Shape {
  bucket: BucketColumns;
  object: ObjectColumns;
  upload: UploadColumns;
  part: Record<string, never>;
}

export type BucketRow = Bucket<Shape>;
export type ObjectRow = StoredObject<ObjectColumns>;
export type Store = ObjectStore<Shape>;

/** The two tables of the service: every change of an object goes through here, so that both orders of names agree. */
export interface Rows {
  readonly store: Store;
  bucket(name: string): BucketRow | undefined;
  object(bucket: string, key: string): ObjectRow | undefined;
  put(bucket: BucketRow, key: string, body: Body, columns: ObjectColumns): ObjectRow;
  delete(bucket: string, key: string): ObjectRow | undefined;
  deleteBucket(bucket: BucketRow): void;
  /** The names of a bucket in the order of their lower-case form. */
  folded(bucket: BucketRow): FoldedNames;
}

export function rowsOf(store: Store): Rows {
  const foldedByBucket = new Map<string, FoldedNames>();
  return {
    store,
    bucket: (name) => store.bucket(name),
    object: (bucket, key) => store.bucket(bucket)?.object(key),
    put(bucket, key, body, columns) {
      const row = bucket.putObject(key, body, columns, Math.floor(columns.fileTimeUs / 1000));
      foldedByBucket.get(bucket.name)?.add(key);
      return row;
    },
    delete(bucketName, key) {
      const bucket = store.bucket(bucketName);
      const row = bucket?.object(key);
      if (bucket === undefined || row === undefined) return undefined;
      bucket.deleteObject(key);
      foldedByBucket.get(bucketName)?.delete(key);
      return row;
    },
    deleteBucket(bucket) {
      bucket.delete();
      foldedByBucket.delete(bucket.name);
    },
    folded(bucket) {
      let names = foldedByBucket.get(bucket.name);
      if (names === undefined) {
        names = foldedNames(bucket.objects());
        foldedByBucket.set(bucket.name, names);
      }
      return names;
    },
  };
}
