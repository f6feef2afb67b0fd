import { mkdir, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { StorageError } from "@bucketferry/storage-core";
import {
  servedRange,
  type BodySource,
  type Capabilities,
  type CheckOptions,
  type CheckReport,
  type CopyOptions,
  type DeleteOutcome,
  type DriverGetResult,
  type DriverMultipart,
  type EnsureBucketOptions,
  type EnsureBucketReport,
  type GetOptions,
  type HeadOptions,
  type ListPage,
  type ListPageOptions,
  type ObjectInfo,
  type ParsedUrl,
  type PresignedRequest,
  type PutOptions,
  type PutResult,
  type StorageDriver,
  type SystemHeaders,
  type Verdict,
} from "@bucketferry/storage-core/provider";
import { writeBodyFile, type BodyFile } from "./fs-body-file.ts";
import { fsCapabilities } from "./fs-capabilities.ts";
import { checkDirectory } from "./fs-check.ts";
import { commit, identityAt, refuseEscape } from "./fs-commit.ts";
import { requireReadConditions } from "./fs-conditions.ts";
import { classifyFsError, hasCode } from "./fs-errors.ts";
import { KeyLock } from "./fs-key-lock.ts";
import { fsLayout, type FsLayout } from "./fs-layout.ts";
import { Leftovers } from "./fs-leftovers.ts";
import { FsListing } from "./fs-listing.ts";
import { fsMultipart } from "./fs-multipart.ts";
import { openObject } from "./fs-open.ts";
import { requireRoot } from "./fs-root.ts";
import type { ResolvedFsOptions } from "./fs-options.ts";
import { readBody } from "./fs-read-body.ts";
import { removeSidecar, type Sidecar } from "./fs-sidecar.ts";
import { heldBody, smallObject } from "./fs-small-object.ts";
import { fsUrls, type FsUrls } from "./fs-urls.ts";

/** The contract in terms of files. */
export class FsDriver implements StorageDriver {
  readonly name = "fs";
  readonly bucket: string;
  readonly capabilities: Capabilities;
  readonly urlHosts: readonly string[];
  readonly multipart: DriverMultipart;
  readonly #layout: FsLayout;
  readonly #durable: boolean;
  readonly #urls: FsUrls;
  readonly #listing: FsListing;
  readonly #locks = new KeyLock();
  readonly #leftovers: Leftovers;

  constructor({ directory, publicBaseUrl, durable }: ResolvedFsOptions) {
    const root = resolve(directory);
    this.bucket = basename(root) || root;
    this.capabilities = fsCapabilities({ hasUrls: publicBaseUrl !== undefined, platform: process.platform });
    this.#layout = fsLayout(root);
    this.#leftovers = new Leftovers(this.#layout);
    this.#durable = durable;
    this.#urls = fsUrls(this.bucket, publicBaseUrl);
    this.urlHosts = this.#urls.hosts;
    this.#listing = new FsListing(this.#layout);
    this.multipart = fsMultipart({
      layout: this.#layout,
      durable,
      commit: (key, body, sidecar, ifAbsent) => this.#commit(key, body, sidecar, ifAbsent),
    });
  }

  async put(key: string, body: BodySource, options: PutOptions): Promise<PutResult> {
    const { checksum, signal, ifNoneMatch } = options;
    const isNew = identityAt(this.#layout.object(key)) === undefined;
    const file = await writeBodyFile(this.#layout, body, { checksum, signal, isNew });
    return this.#commit(key, file, sidecarOf(options), ifNoneMatch === "*");
  }

  async get(key: string, options: GetOptions): Promise<DriverGetResult> {
    const small = smallObject(this.#layout, key);
    if (small !== undefined) {
      const { info, bytes } = small;
      const range = readableRange(info, options);
      return { info, range, body: heldBody(bytes.subarray(range.offset, range.offset + range.length)) };
    }
    const { file, info } = await openObject(this.#layout, key);
    try {
      const range = readableRange(info, options);
      return { info, range, body: readBody(file, range) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async head(key: string, options: HeadOptions): Promise<ObjectInfo> {
    const { file, info } = await openObject(this.#layout, key);
    await file.close();
    requireReadConditions(info, options);
    return info;
  }

  async delete(key: string): Promise<void> {
    await this.#locks.run(key, async () => {
      const path = this.#layout.object(key);
      const identity = identityAt(path);
      if (identity === undefined) return requireRoot(this.#layout);
      refuseEscape(dirname(path), this.#layout);
      try {
        await unlink(path);
      } catch (error) {
        // EISDIR, or EPERM by POSIX: a folder is no object, so there is nothing of this key to delete.
        if ((await stat(path).catch(() => undefined))?.isDirectory() === true) return;
        if (!hasCode(error, "ENOENT")) throw error;
      }
      removeSidecar(this.#layout, key, identity);
      await removeEmptyFolders(dirname(path), this.#layout.root);
      await this.#leftovers.afterWrite(key, undefined);
    });
  }

  async deleteBatch(keys: readonly string[]): Promise<DeleteOutcome[]> {
    await requireRoot(this.#layout);
    const outcomes: DeleteOutcome[] = [];
    for (const key of keys) {
      try {
        await this.delete(key);
        outcomes.push({ key });
      } catch (error) {
        const { code, message, ...details } = classifyFsError(error) ?? {
          code: "Unknown",
          message: "it was not deleted",
        };
        const known =
          error instanceof StorageError ? error : new StorageError(code, message, { ...details, cause: error });
        outcomes.push({ key, error: known.with({ provider: this.name, operation: "deleteMany", key }) });
      }
    }
    return outcomes;
  }

  async copy(from: string, to: string, options: CopyOptions): Promise<PutResult> {
    const { file, info } = await openObject(this.#layout, from);
    try {
      if (options.sourceIfMatch !== undefined && options.sourceIfMatch !== info.etag) {
        throw new StorageError("PreconditionFailed", "the source is not the version that was asked for");
      }
      const body = readBody(file, { offset: 0, length: info.size });
      const source: BodySource = { kind: "stream", length: info.size, replayable: false, open: () => body };
      const copied = await writeBodyFile(this.#layout, source, { signal: options.signal });
      return await this.#commit(to, copied, sidecarOf(options.replace ?? info), options.ifNoneMatch === "*");
    } finally {
      await file.close();
    }
  }

  listPage(options: ListPageOptions & { readonly limit: number }): Promise<ListPage> {
    return this.#listing.page(options);
  }

  presign(): Promise<PresignedRequest> {
    return Promise.reject(new StorageError("Unsupported", "a directory has no signed URLs"));
  }

  publicUrl(key: string): string {
    return this.#urls.publicUrl(key);
  }

  parseUrl(url: string): ParsedUrl | undefined {
    return this.#urls.parseUrl(url);
  }

  check(options: CheckOptions): Promise<CheckReport> {
    return checkDirectory(this.#layout, options);
  }

  async ensureBucket({ dryRun = false }: EnsureBucketOptions): Promise<EnsureBucketReport> {
    const { root } = this.#layout;
    const found = await stat(root).catch(() => undefined);
    if (found?.isDirectory() === true) return { existed: true, steps: [] };
    if (!dryRun) await mkdir(root, { recursive: true });
    return { existed: false, steps: [`Make the directory ${root}.`] };
  }

  async close(): Promise<void> {
    this.#listing.close();
  }

  classify(error: unknown): Verdict | undefined {
    return classifyFsError(error);
  }

  async #commit(key: string, body: BodyFile, sidecar: Omit<Sidecar, "sha256">, ifAbsent: boolean): Promise<PutResult> {
    const etag = await commit(key, body, sidecar, {
      layout: this.#layout,
      locks: this.#locks,
      leftovers: this.#leftovers,
      durable: this.#durable,
      ifAbsent,
    });
    return { key, size: Number(body.stats.size), etag, checksums: { sha256: body.sha256, type: "full" } };
  }
}

/** @throws PreconditionFailed, NotModified, InvalidRange */
function readableRange(info: ObjectInfo, options: GetOptions): { readonly offset: number; readonly length: number } {
  requireReadConditions(info, options);
  const range = servedRange(options.range, info.size);
  if (range !== undefined) return range;
  throw new StorageError("InvalidRange", `the range begins beyond the object's ${info.size} bytes`);
}

function sidecarOf(
  given: SystemHeaders & { readonly metadata?: Sidecar["metadata"] | undefined },
): Omit<Sidecar, "sha256"> {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, metadata = {} } = given;
  return { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, metadata };
}

/** A folder is there for its objects: when the last one goes, it goes too. */
async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let at = folder; at !== root && at.startsWith(root); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}
