import type { Body } from "./body.ts";
import { type SortedKeys, sortedKeys } from "./sorted-keys.ts";

/** What a server keeps beside the bytes, all of it made of JSON values. */
export interface StoreShape {
  bucket: object;
  object: object;
  upload: object;
  part: object;
}

export interface StoredObject<Attributes> {
  readonly key: string;
  readonly body: Body;
  /** Milliseconds since 1970. */
  readonly modifiedAtMs: number;
  readonly attributes: Attributes;
}

export interface StoredPart<Attributes> {
  readonly number: number;
  readonly body: Body;
  readonly modifiedAtMs: number;
  readonly attributes: Attributes;
}

export interface StoredUpload<Attributes, PartAttributes> {
  readonly id: string;
  readonly key: string;
  readonly startedAtMs: number;
  readonly attributes: Attributes;
  /** By part number, in no order. */
  readonly parts: ReadonlyMap<number, StoredPart<PartAttributes>>;
}

export interface UploadState<S extends StoreShape> extends StoredUpload<S["upload"], S["part"]> {
  readonly parts: Map<number, StoredPart<S["part"]>>;
}

export interface BucketState<S extends StoreShape> {
  readonly name: string;
  readonly createdAtMs: number;
  attributes: S["bucket"];
  readonly objects: Map<string, StoredObject<S["object"]>>;
  readonly order: SortedKeys;
  readonly uploads: Map<string, UploadState<S>>;
}

export interface StoreState<S extends StoreShape> {
  readonly buckets: Map<string, BucketState<S>>;
}

/** One step of the store's history; the journal is a list of them, and nothing else changes the state. */
export type Change<S extends StoreShape> =
  | { readonly do: "setBucket"; readonly bucket: string; readonly atMs: number; readonly attributes: S["bucket"] }
  | { readonly do: "deleteBucket"; readonly bucket: string }
  | { readonly do: "putObject"; readonly bucket: string; readonly object: StoredObject<S["object"]> }
  | { readonly do: "deleteObject"; readonly bucket: string; readonly key: string }
  | {
      readonly do: "beginUpload";
      readonly bucket: string;
      readonly id: string;
      readonly key: string;
      readonly atMs: number;
      readonly attributes: S["upload"];
    }
  | {
      readonly do: "setUpload";
      readonly bucket: string;
      readonly id: string;
      readonly attributes: S["upload"];
    }
  | { readonly do: "putPart"; readonly bucket: string; readonly id: string; readonly part: StoredPart<S["part"]> }
  | { readonly do: "endUpload"; readonly bucket: string; readonly id: string };

/** Who wants to know which blobs a change begins or stops to use. */
export interface BlobUse {
  retain(body: Body): void;
  release(body: Body): void;
}

/** Makes one change. Changes of buckets or uploads that are not there do nothing, so a journal can always be replayed. */
export function applyChange<S extends StoreShape>(state: StoreState<S>, change: Change<S>, use: BlobUse): void {
  const bucket = state.buckets.get(change.bucket);
  switch (change.do) {
    case "setBucket":
      if (bucket === undefined)
        state.buckets.set(change.bucket, newBucket(change.bucket, change.atMs, change.attributes));
      else bucket.attributes = change.attributes;
      return;
    case "deleteBucket":
      for (const object of bucket?.objects.values() ?? []) use.release(object.body);
      for (const upload of bucket?.uploads.values() ?? []) releaseParts(upload, use);
      state.buckets.delete(change.bucket);
      return;
    case "putObject": {
      if (bucket === undefined) return;
      const { object } = change;
      const replaced = bucket.objects.get(object.key);
      use.retain(object.body);
      bucket.objects.set(object.key, object);
      if (replaced === undefined) bucket.order.add(object.key);
      else use.release(replaced.body);
      return;
    }
    case "deleteObject": {
      const object = bucket?.objects.get(change.key);
      if (bucket === undefined || object === undefined) return;
      bucket.objects.delete(change.key);
      bucket.order.delete(change.key);
      use.release(object.body);
      return;
    }
    case "beginUpload": {
      const { id, key, atMs, attributes } = change;
      bucket?.uploads.set(id, { id, key, startedAtMs: atMs, attributes, parts: new Map() });
      return;
    }
    case "setUpload": {
      const upload = bucket?.uploads.get(change.id);
      if (upload !== undefined) bucket?.uploads.set(change.id, { ...upload, attributes: change.attributes });
      return;
    }
    case "putPart": {
      const upload = bucket?.uploads.get(change.id);
      if (upload === undefined) return;
      const replaced = upload.parts.get(change.part.number);
      use.retain(change.part.body);
      upload.parts.set(change.part.number, change.part);
      if (replaced !== undefined) use.release(replaced.body);
      return;
    }
    case "endUpload": {
      const upload = bucket?.uploads.get(change.id);
      if (upload === undefined) return;
      bucket?.uploads.delete(change.id);
      releaseParts(upload, use);
      return;
    }
  }
}

/** The shortest history that leads to this state. */
export function* changesOf<S extends StoreShape>(state: StoreState<S>): Generator<Change<S>> {
  for (const bucket of state.buckets.values()) {
    yield { do: "setBucket", bucket: bucket.name, atMs: bucket.createdAtMs, attributes: bucket.attributes };
    for (const object of bucket.objects.values()) yield { do: "putObject", bucket: bucket.name, object };
    for (const { id, key, startedAtMs, attributes, parts } of bucket.uploads.values()) {
      yield { do: "beginUpload", bucket: bucket.name, id, key, atMs: startedAtMs, attributes };
      for (const part of parts.values()) yield { do: "putPart", bucket: bucket.name, id, part };
    }
  }
}

function newBucket<S extends StoreShape>(name: string, atMs: number, attributes: S["bucket"]): BucketState<S> {
  return { name, createdAtMs: atMs, attributes, objects: new Map(), order: sortedKeys(), uploads: new Map() };
}

function releaseParts<S extends StoreShape>(upload: UploadState<S>, use: BlobUse): void {
  for (const part of upload.parts.values()) use.release(part.body);
}
