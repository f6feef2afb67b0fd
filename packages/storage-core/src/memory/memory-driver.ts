import type { DriverBody } from "../contract/body.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import type { StorageDriver } from "../contract/driver.ts";
import { StorageError, type StorageOperation } from "../errors/storage-error.ts";
import { servedRange } from "../kit/served-range.ts";
import { infoOf, putResult } from "./answers.ts";
import { demandReadConditions, demandWriteConditions } from "./conditions.ts";
import { checksumsOf, demandChecksum, headersOf, metadataOf, ownedBytes } from "./content.ts";
import { listObjects } from "./list-objects.ts";
import type { MemoryBucket, StoredVersion } from "./memory-bucket.ts";
import { memoryCheck } from "./memory-check.ts";
import { memoryMultipart } from "./memory-multipart.ts";
import type { Arrive, MemoryCall, MemoryStore } from "./memory-store.ts";
import { MEMORY_HOST, objectUrl, parseObjectUrl, signRequest } from "./memory-urls.ts";

export interface MemoryDriverConfig {
  readonly bucket: string;
  readonly store: MemoryStore;
  readonly capabilities: Capabilities;
  readonly onCall: ((call: MemoryCall) => void | Promise<void>) | undefined;
}

/** Most bytes that a body hands out at once. */
const CHUNK_BYTES = 64 * 1024;

export function memoryDriver({ bucket: name, store, capabilities, onCall }: MemoryDriverConfig): StorageDriver {
  const { versions } = capabilities;

  const request = async (operation: StorageOperation, key?: string): Promise<MemoryBucket | undefined> => {
    store.requests += 1;
    await onCall?.({ operation, bucket: name, key });
    return store.buckets.get(name);
  };
  const arrive: Arrive = async (operation, key) => {
    const bucket = await request(operation, key);
    if (bucket !== undefined) return bucket;
    throw new StorageError("BucketNotFound", `there is no bucket ${JSON.stringify(name)}`, { status: 404 });
  };

  const driver: StorageDriver = {
    name: "memory",
    bucket: name,
    capabilities,
    urlHosts: [MEMORY_HOST],
    multipart: memoryMultipart(arrive, capabilities),

    async put(key, body, options) {
      const bucket = await arrive("put", key);
      const bytes = await ownedBytes(body);
      const checksums = await checksumsOf(bytes);
      demandChecksum(checksums, options.checksum);
      options.signal?.throwIfAborted();
      demandWriteConditions(bucket.get(key), options);
      const content = { bytes, checksums, headers: headersOf(options), metadata: metadataOf(options.metadata) };
      return putResult(bucket.put(key, content, versions), versions);
    },

    async get(key, options) {
      const bucket = await arrive("get", key);
      const object = found(bucket, key, options.version);
      demandReadConditions(object, options);
      const range = servedRange(options.range, object.bytes.byteLength);
      if (range === undefined) {
        throw new StorageError("InvalidRange", `the object has ${object.bytes.byteLength} bytes`, { status: 416 });
      }
      const bytes = object.bytes.subarray(range.offset, range.offset + range.length);
      return { info: infoOf(object, versions), range, body: bodyOf(bytes) };
    },

    async head(key, options) {
      const bucket = await arrive("head", key);
      const object = found(bucket, key, options.version);
      demandReadConditions(object, options);
      return infoOf(object, versions);
    },

    async delete(key, options) {
      const bucket = await arrive("delete", key);
      const object = bucket.get(key);
      if (options.ifMatch !== undefined && object !== undefined) demandWriteConditions(object, options);
      if (options.version === undefined) bucket.delete(key, versions);
      else bucket.deleteVersion(key, options.version);
    },

    async deleteBatch(keys) {
      const bucket = await arrive("deleteMany");
      for (const key of keys) bucket.delete(key, versions);
      return keys.map((key) => ({ key }));
    },

    async copy(from, to, options) {
      const bucket = await arrive("copy", from);
      const source = found(bucket, from);
      if (options.sourceIfMatch !== undefined) demandWriteConditions(source, { ifMatch: options.sourceIfMatch });
      demandWriteConditions(bucket.get(to), options);
      const { replace } = options;
      const described = replace
        ? { headers: headersOf(replace), metadata: metadataOf(replace.metadata) }
        : { headers: source.headers, metadata: source.metadata };
      const { bytes, checksums } = source;
      return putResult(bucket.put(to, { bytes, checksums, ...described }, versions), versions);
    },

    async listPage(options) {
      return listObjects(await arrive("list"), options);
    },

    presign: (options) => signRequest(store, name, options),
    publicUrl: (key, { download }) =>
      objectUrl(name, key) + (download === undefined ? "" : `?${new URLSearchParams({ download }).toString()}`),
    parseUrl: (url) => parseObjectUrl(name, url),
    check: (options) => memoryCheck(driver, () => arrive("check"), options),

    async ensureBucket({ dryRun = false }) {
      const existed = (await request("ensureBucket")) !== undefined;
      if (!existed && !dryRun) store.makeBucket(name);
      return { existed, steps: existed ? [] : [`make the bucket ${JSON.stringify(name)}`] };
    },

    close: async () => undefined,
    // Everything that this driver throws is a StorageError already; what a test throws in `onCall` is its own affair.
    classify: () => undefined,
  };
  return driver;
}

function found(bucket: MemoryBucket, key: string, version?: string): StoredVersion {
  const object = version === undefined ? bucket.get(key) : bucket.getVersion(key, version);
  if (object !== undefined) return object;
  const what =
    version === undefined ? "there is no object with this key" : `the object has no version ${JSON.stringify(version)}`;
  throw new StorageError("NotFound", what, { status: 404 });
}

/** Copies go out, so that no reader can change what is stored. */
function bodyOf(bytes: Uint8Array): DriverBody {
  return {
    async *[Symbol.asyncIterator]() {
      for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES)
        yield bytes.slice(offset, offset + CHUNK_BYTES);
    },
    bytes: async () => bytes.slice(),
    cancel: async () => undefined,
  };
}
