import { type Body, joinBodies, type StoredUpload } from "../store/index.ts";
import type { BucketRow, Shape, Store, UploadColumns } from "./rows.ts";

/** What the id of a resumable upload says: base64url of `<bucket>/<key>/<version>`, or of `<bucket>/<key>-$v-<version>`. */
export interface UploadId {
  readonly bucket: string;
  readonly key: string;
  readonly version: string;
}

const ID = /^([^/]+)\/(.+)\/([^/]+)$/s;
const MARKED_ID = /^([^/]+)\/(.+)-\$v-([^/]+)$/s;

export function encodeUploadId({ bucket, key, version }: UploadId, versionMark: boolean): string {
  return Buffer.from(`${bucket}/${key}${versionMark ? "-$v-" : "/"}${version}`).toString("base64url");
}

export function decodeUploadId(id: string, versionMark: boolean): UploadId | undefined {
  const [, bucket, key, version] =
    (versionMark ? MARKED_ID : ID).exec(Buffer.from(id, "base64url").toString("utf8")) ?? [];
  if (bucket === undefined || key === undefined || version === undefined) return undefined;
  return { bucket, key, version };
}

export type UploadRecord = StoredUpload<UploadColumns, Shape["part"]>;

/** The resumable uploads, found by their version. */
export interface TusRecords {
  find(id: UploadId): UploadRecord | undefined;
  begin(bucket: BucketRow, key: string, columns: UploadColumns): UploadRecord;
  append(bucket: BucketRow, record: UploadRecord, body: Body): void;
  /** Keeps only the memory that there was this upload. */
  finish(bucket: BucketRow, record: UploadRecord): void;
  remove(bucket: BucketRow, record: UploadRecord): void;
}

export function tusRecords(store: Store): TusRecords {
  const idByVersion = new Map<string, string>();
  for (const bucket of store.buckets()) {
    for (const { id, attributes } of bucket.uploads()) idByVersion.set(attributes.version, id);
  }
  const begin: TusRecords["begin"] = (bucket, key, columns) => {
    const record = bucket.beginUpload(key, columns);
    idByVersion.set(columns.version, record.id);
    return record;
  };
  const remove: TusRecords["remove"] = (bucket, record) => {
    bucket.abortUpload(record.id);
    idByVersion.delete(record.attributes.version);
  };
  return {
    begin,
    remove,
    find({ bucket, key, version }) {
      const record = store.bucket(bucket)?.upload(idByVersion.get(version) ?? "");
      return record?.key === key ? record : undefined;
    },
    append(bucket, record, body) {
      if (body.size > 0) bucket.putPart(record.id, record.parts.size + 1, body, {});
    },
    finish(bucket, record) {
      const columns = { ...record.attributes, length: offsetOf(record), finished: true };
      remove(bucket, record);
      begin(bucket, record.key, columns);
    },
  };
}

/** Bytes that have arrived. */
export function offsetOf(record: UploadRecord): number {
  return record.attributes.finished ? (record.attributes.length ?? 0) : contentOf(record).size;
}

export function contentOf(record: UploadRecord): Body {
  const parts = [...record.parts.values()].toSorted((a, b) => a.number - b.number);
  return joinBodies(parts.map(({ body }) => body));
}
