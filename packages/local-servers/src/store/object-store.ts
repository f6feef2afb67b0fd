import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Body } from "./body.ts";
import { EMPTY_BODY } from "./body.ts";
import type { Blobs } from "./blobs.ts";
import { lockDirectory } from "./directory-lock.ts";
import { fileBlobs } from "./file-blobs.ts";
import { openJournal, readJournal, rewriteJournal } from "./journal.ts";
import { memoryBlobs } from "./memory-blobs.ts";
import {
  applyChange,
  type BlobUse,
  type BucketState,
  type Change,
  changesOf,
  type StoredObject,
  type StoredPart,
  type StoredUpload,
  type StoreShape,
  type StoreState,
} from "./state.ts";
import { compareUtf8 } from "./utf8-order.ts";

export interface ObjectStoreOptions {
  /** Where everything is kept, made when missing; without it in memory. One process at a time. */
  readonly directory?: string | undefined;
  /** Also survives a loss of power: files and journal are synced before `sync` ends. Default: false. */
  readonly durable?: boolean | undefined;
  /** The time in milliseconds since 1970, for what is made or changed. Default: the machine's. */
  readonly clock?: (() => number) | undefined;
}

/**
 * Buckets of objects, for the local servers. The index is in memory and in a journal; bodies are files (or memory).
 *
 * All methods that change something are synchronous, so "look, decide, write" in one tick of the event loop is atomic:
 * that is how the servers implement conditional writes. Whoever reads an object goes on reading the version that was
 * opened, whatever happens to the key meanwhile.
 */
export interface ObjectStore<S extends StoreShape> {
  /** `false` when there is one of this name. */
  createBucket(name: string, attributes: S["bucket"]): boolean;
  bucket(name: string): Bucket<S> | undefined;
  /** By name, in UTF-8 byte order. */
  buckets(): readonly Bucket<S>[];
  /** Takes in a body. When `source` throws, nothing is kept and the error is passed on. Its chunks must not change later. */
  receive(source: AsyncIterable<Uint8Array>): Promise<ReceivedBody>;
  /** Call it in the same tick as the look-up of the body: from then on the bytes stay until the reader is done. */
  read(body: Body): BodyReader;
  /** Keeps the bytes of a body until it is disposed of, whatever happens to the keys that use it. */
  hold(body: Body): Disposable;
  /** What was written so far survives a loss of power, in a durable store; else nothing to do. */
  sync(): Promise<void>;
  /** Again is no error. */
  close(): void;
}

/** A body that no object or part uses yet. Disposing of it drops it, unless something uses it by then. */
export interface ReceivedBody extends Disposable {
  readonly body: Body;
}

/** The bytes of one version of an object, to be read once. `close` when it is not read to its end. */
export interface BodyReader extends AsyncIterable<Uint8Array> {
  readonly size: number;
  close(): void;
}

export interface Bucket<S extends StoreShape> {
  readonly name: string;
  readonly createdAtMs: number;
  readonly attributes: S["bucket"];
  /** Number of objects. */
  readonly size: number;
  setAttributes(attributes: S["bucket"]): void;
  /** With everything in it. */
  delete(): void;

  object(key: string): StoredObject<S["object"]> | undefined;
  /** Replaces what is there as a whole. `modifiedAtMs` defaults to now. */
  putObject(key: string, body: Body, attributes: S["object"], modifiedAtMs?: number): StoredObject<S["object"]>;
  /** `false` when there was none. */
  deleteObject(key: string): boolean;
  /**
   * In UTF-8 byte order; `after`: only greater keys; `past`: only keys greater than all that start with this.
   * Finding the first one costs O(log n). The bucket must not change between the steps of the iteration.
   */
  objects(options?: {
    readonly prefix?: string;
    readonly after?: string;
    readonly past?: string;
  }): Generator<StoredObject<S["object"]>, void, void>;

  beginUpload(key: string, attributes: S["upload"]): StoredUpload<S["upload"], S["part"]>;
  upload(id: string): StoredUpload<S["upload"], S["part"]> | undefined;
  setUploadAttributes(id: string, attributes: S["upload"]): void;
  /** By key in UTF-8 byte order, then by start. */
  uploads(): readonly StoredUpload<S["upload"], S["part"]>[];
  /** Adds or replaces one part; `undefined` when there is no such upload. */
  putPart(id: string, number: number, body: Body, attributes: S["part"]): StoredPart<S["part"]> | undefined;
  /** In one step: the object is there and the upload is gone. `body` is usually `joinBodies` of its parts. */
  completeUpload(id: string, body: Body, attributes: S["object"]): StoredObject<S["object"]> | undefined;
  /** `false` when there is no such upload. */
  abortUpload(id: string): boolean;
}

export function objectStore<S extends StoreShape>(options: ObjectStoreOptions = {}): ObjectStore<S> {
  const state: StoreState<S> = { buckets: new Map() };
  const medium = options.directory === undefined ? inMemory<S>() : onDisk<S>(options.directory, state, options);
  const { blobs, uses } = medium;
  const { clock = Date.now } = options;
  let open = true;
  const facades = new WeakMap<BucketState<S>, Bucket<S>>();

  const commit = (...changes: Change<S>[]): void => {
    // The journal first: a change that cannot be written down has not happened.
    medium.append(changes);
    for (const change of changes) applyChange(state, change, uses);
  };

  const bucketOf = (bucket: BucketState<S>): Bucket<S> => {
    const known = facades.get(bucket) ?? bucketFacade(bucket, commit, clock);
    facades.set(bucket, known);
    return known;
  };

  return {
    createBucket(name, attributes) {
      if (state.buckets.has(name)) return false;
      commit({ do: "setBucket", bucket: name, atMs: clock(), attributes });
      return true;
    },
    bucket(name) {
      const bucket = state.buckets.get(name);
      return bucket && bucketOf(bucket);
    },
    buckets() {
      return [...state.buckets.values()].toSorted((a, b) => compareUtf8(a.name, b.name)).map(bucketOf);
    },
    async receive(source) {
      const body = await writeBlob(blobs, source);
      return { body, ...holdBody(body, uses) };
    },
    hold(body) {
      return holdBody(body, uses);
    },
    read(body) {
      return bodyReader(body, blobs, uses);
    },
    async sync() {
      if (options.durable === true) await medium.sync();
    },
    close() {
      if (open) medium.close();
      open = false;
    },
  };
}

/** What differs between a store in memory and one on disk. */
interface Medium<S extends StoreShape> {
  readonly blobs: Blobs;
  readonly uses: BlobUses;
  append(changes: readonly Change<S>[]): void;
  sync(): Promise<void>;
  close(): void;
}

function inMemory<S extends StoreShape>(): Medium<S> {
  const blobs = memoryBlobs();
  return { blobs, uses: countUses((name) => blobs.remove(name)), append() {}, async sync() {}, close() {} };
}

/** Journals with this many outdated lines more than live ones are made anew at the start. */
const TOLERATED_GARBAGE = 1000;

function onDisk<S extends StoreShape>(directory: string, state: StoreState<S>, options: ObjectStoreOptions): Medium<S> {
  const unlock = lockDirectory(directory);
  try {
    const blobDirectory = join(directory, "blobs");
    const journalPath = join(directory, "journal.ndjson");
    mkdirSync(blobDirectory, { recursive: true });
    const blobs = fileBlobs(blobDirectory, { durable: options.durable === true });

    let replaying = true;
    const uses = countUses((name) => {
      // What the past no longer used is removed by the sweep.
      if (!replaying) blobs.remove(name);
    });
    let lines = 0;
    for (const changes of readJournal<readonly Change<S>[]>(journalPath)) {
      lines += 1;
      for (const change of changes) applyChange(state, change, uses);
    }
    replaying = false;
    blobs.sweep((name) => uses.has(name));

    let live = 0;
    for (const _ of changesOf(state)) live += 1;
    if (lines > 2 * live + TOLERATED_GARBAGE) rewriteJournal(journalPath, linesOf(state));

    const journal = openJournal<readonly Change<S>[]>(journalPath);
    return {
      blobs,
      uses,
      append: (changes) => journal.append(changes),
      sync: () => journal.sync(),
      close() {
        journal.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function* linesOf<S extends StoreShape>(state: StoreState<S>): Generator<readonly Change<S>[]> {
  for (const change of changesOf(state)) yield [change];
}

interface BlobUses extends BlobUse {
  has(name: string): boolean;
}

/** Counts who uses each blob: objects, parts, bodies just received, readers. The last one to leave removes it. */
function countUses(remove: (name: string) => void): BlobUses {
  const counts = new Map<string, number>();
  return {
    retain(body) {
      for (const { blob } of body.segments) counts.set(blob, (counts.get(blob) ?? 0) + 1);
    },
    release(body) {
      for (const { blob } of body.segments) {
        const left = (counts.get(blob) ?? 0) - 1;
        if (left > 0) {
          counts.set(blob, left);
        } else {
          counts.delete(blob);
          remove(blob);
        }
      }
    },
    has: (name) => counts.has(name),
  };
}

async function writeBlob(blobs: Blobs, source: AsyncIterable<Uint8Array>): Promise<Body> {
  let writer: ReturnType<Blobs["create"]> | undefined;
  let size = 0;
  try {
    for await (const chunk of source) {
      if (chunk.byteLength === 0) continue;
      writer ??= blobs.create();
      size += chunk.byteLength;
      await writer.write(chunk);
    }
    await writer?.close();
  } catch (error) {
    await writer?.discard();
    throw error;
  }
  return writer === undefined ? EMPTY_BODY : { size, segments: [{ blob: writer.name, offset: 0, size }] };
}

function holdBody(body: Body, uses: BlobUses): Disposable {
  uses.retain(body);
  let held = true;
  return {
    [Symbol.dispose]() {
      if (held) uses.release(body);
      held = false;
    },
  };
}

function bodyReader(body: Body, blobs: Blobs, uses: BlobUses): BodyReader {
  const hold = holdBody(body, uses);
  return {
    size: body.size,
    close: () => hold[Symbol.dispose](),
    async *[Symbol.asyncIterator]() {
      try {
        for (const { blob, offset, size } of body.segments) yield* blobs.read(blob, offset, offset + size);
      } finally {
        hold[Symbol.dispose]();
      }
    },
  };
}

function bucketFacade<S extends StoreShape>(
  state: BucketState<S>,
  commit: (...changes: Change<S>[]) => void,
  clock: () => number,
): Bucket<S> {
  const bucket = state.name;
  return {
    name: state.name,
    createdAtMs: state.createdAtMs,
    get attributes() {
      return state.attributes;
    },
    get size() {
      return state.objects.size;
    },
    setAttributes(attributes) {
      commit({ do: "setBucket", bucket, atMs: state.createdAtMs, attributes });
    },
    delete() {
      commit({ do: "deleteBucket", bucket });
    },

    object: (key) => state.objects.get(key),
    putObject(key, body, attributes, modifiedAtMs = clock()) {
      const object = { key, body, modifiedAtMs, attributes };
      commit({ do: "putObject", bucket, object });
      return object;
    },
    deleteObject(key) {
      if (!state.objects.has(key)) return false;
      commit({ do: "deleteObject", bucket, key });
      return true;
    },
    *objects({ prefix = "", after = "", past } = {}) {
      const isBefore = (key: string): boolean =>
        compareUtf8(key, prefix) < 0 ||
        (after !== "" && compareUtf8(key, after) <= 0) ||
        (past !== undefined && (compareUtf8(key, past) < 0 || key.startsWith(past)));
      for (const key of state.order.from(isBefore)) {
        if (!key.startsWith(prefix)) return;
        const object = state.objects.get(key);
        if (object !== undefined) yield object;
      }
    },

    beginUpload(key, attributes) {
      const id = randomBytes(24).toString("base64url");
      const atMs = clock();
      commit({ do: "beginUpload", bucket, id, key, atMs, attributes });
      return state.uploads.get(id) ?? { id, key, startedAtMs: atMs, attributes, parts: new Map() };
    },
    upload: (id) => state.uploads.get(id),
    setUploadAttributes(id, attributes) {
      if (state.uploads.has(id)) commit({ do: "setUpload", bucket, id, attributes });
    },
    uploads() {
      return [...state.uploads.values()].toSorted(
        (a, b) => compareUtf8(a.key, b.key) || a.startedAtMs - b.startedAtMs || compareUtf8(a.id, b.id),
      );
    },
    putPart(id, number, body, attributes) {
      if (!state.uploads.has(id)) return undefined;
      const part = { number, body, modifiedAtMs: clock(), attributes };
      commit({ do: "putPart", bucket, id, part });
      return part;
    },
    completeUpload(id, body, attributes) {
      const upload = state.uploads.get(id);
      if (upload === undefined) return undefined;
      const object = { key: upload.key, body, modifiedAtMs: clock(), attributes };
      commit({ do: "putObject", bucket, object }, { do: "endUpload", bucket, id });
      return object;
    },
    abortUpload(id) {
      if (!state.uploads.has(id)) return false;
      commit({ do: "endUpload", bucket, id });
      return true;
    },
  };
}
