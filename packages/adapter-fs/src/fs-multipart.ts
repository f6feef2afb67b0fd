import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "@bucketferry/storage-core";
import type {
  BodySource,
  DriverMultipart,
  MultipartCreateOptions,
  MultipartUpload,
  PutResult,
  UploadedPart,
} from "@bucketferry/storage-core/provider";
import { writeBodyFile, type BodyFile } from "./fs-body-file.ts";
import { hasCode } from "./fs-errors.ts";
import type { FsLayout } from "./fs-layout.ts";
import { requireRoot } from "./fs-root.ts";
import type { Sidecar } from "./fs-sidecar.ts";
import { syncFile } from "./fs-sync.ts";

const DESCRIPTION = "upload.json";
type Description = Omit<Sidecar, "sha256"> & { readonly key: string; readonly startedAt: string };

export interface FsMultipartParts {
  readonly layout: FsLayout;
  readonly durable: boolean;
  /** Gives the joined body its key. */
  readonly commit: (
    key: string,
    body: BodyFile,
    sidecar: Omit<Sidecar, "sha256">,
    ifAbsent: boolean,
  ) => Promise<PutResult>;
}

/** Each upload is a folder: `upload.json`, and a file a part whose name says number and digest. */
export function fsMultipart({ layout, durable, commit }: FsMultipartParts): DriverMultipart {
  const folderOf = ({ uploadId }: MultipartUpload): string => {
    // Upload ids travel through clients; this one becomes a path.
    if (!/^[0-9a-f-]{36}$/.test(uploadId)) throw noUpload();
    return join(layout.uploads, uploadId);
  };

  async function describe(upload: MultipartUpload): Promise<Description> {
    try {
      const description = await readDescription(folderOf(upload));
      if (description.key === upload.key) return description;
    } catch (error) {
      if (!isNoDescription(error)) throw error;
    }
    throw noUpload();
  }

  async function partsOf(upload: MultipartUpload): Promise<UploadedPart[]> {
    const names = await readdir(folderOf(upload));
    const parts = names.flatMap((name) => {
      const match = /^part-(\d+)-([0-9a-f]{64})$/.exec(name);
      return match === null ? [] : [{ partNumber: Number(match[1]), etag: match[2] ?? "", name }];
    });
    const sized = await Promise.all(
      parts.map(async ({ partNumber, etag, name }) => ({
        partNumber,
        etag,
        size: (await stat(join(folderOf(upload), name))).size,
      })),
    );
    return sized.toSorted((a, b) => a.partNumber - b.partNumber);
  }

  return {
    async create(key, options: MultipartCreateOptions): Promise<MultipartUpload> {
      await requireRoot(layout);
      const uploadId = randomUUID();
      const {
        contentType,
        cacheControl,
        contentDisposition,
        contentEncoding,
        contentLanguage,
        metadata = {},
      } = options;
      const headers = { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, metadata };
      const description: Description = { ...headers, key, startedAt: new Date().toISOString() };
      // Elsewhere first: an upload is there with its description, or not at all.
      const begun = join(layout.temporary, uploadId);
      try {
        await mkdir(layout.uploads, { recursive: true });
        await mkdir(begun, { recursive: true });
        await writeFile(join(begun, DESCRIPTION), JSON.stringify(description));
        await rename(begun, folderOf({ key, uploadId }));
      } catch (error) {
        await rm(begun, { recursive: true, force: true });
        throw error;
      }
      return { key, uploadId };
    },

    async uploadPart(upload, partNumber, body: BodySource, { checksum, signal }) {
      await describe(upload);
      const file = await writeBodyFile(layout, body, { checksum, signal });
      const etag = Buffer.from(file.sha256, "base64").toString("hex");
      const former = (await partsOf(upload)).filter((part) => part.partNumber === partNumber && part.etag !== etag);
      try {
        if (durable) await syncFile(file.path);
        await rename(file.path, partPath(folderOf(upload), partNumber, etag));
      } catch (error) {
        await rm(file.path, { force: true });
        throw hasCode(error, "ENOENT") ? noUpload(error) : error;
      }
      await Promise.all(former.map((part) => rm(partPath(folderOf(upload), partNumber, part.etag), { force: true })));
      return { partNumber, etag, size: Number(file.stats.size) };
    },

    async listParts(upload) {
      await describe(upload);
      return partsOf(upload);
    },

    async complete(upload, parts, { ifNoneMatch, signal }) {
      const { key, startedAt: _startedAt, ...headers } = await describe(upload);
      const held = new Map((await partsOf(upload)).map((part) => [part.partNumber, part]));
      const paths = parts.map(({ partNumber, etag }) => {
        if (held.get(partNumber)?.etag !== etag) {
          throw new StorageError("InvalidArgument", `part ${partNumber} was not uploaded, or has another ETag`);
        }
        return partPath(folderOf(upload), partNumber, etag);
      });
      const length = parts.reduce((sum, { partNumber }) => sum + (held.get(partNumber)?.size ?? 0), 0);
      const body: BodySource = { kind: "stream", length, replayable: true, open: () => joined(paths) };
      const file = await writeBodyFile(layout, body, { signal });
      const result = await commit(key, file, headers, ifNoneMatch === "*");
      await rm(folderOf(upload), { recursive: true, force: true });
      return result;
    },

    async abort(upload) {
      await rm(folderOf(upload), { recursive: true, force: true });
    },

    async *list({ prefix = "" }) {
      const ids: string[] = await readdir(layout.uploads).catch((error: unknown) => {
        if (hasCode(error, "ENOENT")) return [];
        throw error;
      });
      for (const uploadId of ids.toSorted()) {
        const description = await readDescription(join(layout.uploads, uploadId)).catch(() => undefined);
        if (description === undefined) continue;
        const { key, startedAt } = description;
        if (key.startsWith(prefix)) yield { key, uploadId, startedAt: new Date(startedAt) };
      }
    },
  };
}

async function readDescription(folder: string): Promise<Description> {
  return JSON.parse(await readFile(join(folder, DESCRIPTION), "utf8")) as Description;
}

/** Nothing, or half of one: a power cut, or a disk that was full when an older version wrote it. */
function isNoDescription(error: unknown): boolean {
  return hasCode(error, "ENOENT") || error instanceof SyntaxError;
}

function partPath(folder: string, partNumber: number, etag: string): string {
  return join(folder, `part-${partNumber}-${etag}`);
}

async function* joined(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

function noUpload(cause?: unknown): StorageError {
  return new StorageError("NotFound", "there is no such upload; it was completed, aborted, or never begun", { cause });
}
