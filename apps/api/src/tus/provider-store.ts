import type { Readable } from "node:stream";
import type { StorageProvider } from "@bucketferry/storage-core";
import { DataStore, ERRORS, Upload } from "@tus/server";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import { noteUnneeded } from "../uploads/stored-object.ts";
import { dropUpload, findUpload, type UploadRow } from "../direct-uploads/upload-store.ts";
import { NOTHING_ASSEMBLED, type AssembledObject, type Assembly, type AssemblyProgress } from "./assembly.ts";
import { assemblyOf } from "./assembly-of-storage.ts";

/**
 * Where tus uploads are kept: their bytes at the service's storage, whatever it is, how far they are in its database. So an
 * upload survives restarts and may go on at another instance.
 *
 * The last piece is acknowledged only by the transaction that completes the upload (`completeTusUpload`): a client that
 * asks for the offset and hears the full size may forget the file.
 */
export class ProviderStore extends DataStore {
  readonly assembly: Assembly;
  readonly #service: Service;

  constructor(service: Service) {
    super();
    this.#service = service;
    this.assembly = assemblyOf(service.storage);
    this.extensions = ["creation", "creation-with-upload", "termination", "expiration"];
  }

  /** The row was written when the upload was agreed to. */
  override async create(upload: Upload): Promise<Upload> {
    upload.creation_date = (await this.#row(upload.id)).created_at;
    return upload;
  }

  override getExpiration(): number {
    return this.#service.config.uploadExpirySeconds * 1000;
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await this.#row(id);
    return new Upload({
      id,
      size: row.size_bytes,
      offset: row.state === "complete" ? row.size_bytes : row.offset_bytes,
      creation_date: row.created_at,
      metadata: { filetype: row.content_type },
    });
  }

  override async remove(id: string): Promise<void> {
    const row = await this.#row(id);
    const { db } = this.#service;
    // Its object belongs to somebody by now, who would not learn that it is gone.
    if (row.state === "complete") throw new Problem("Conflict", "The upload is complete: delete what it was made for.");
    await this.assembly.discard(objectOf(row), progressOf(row));
    await dropUpload(db, row);
    for (const key of this.assembly.sideKeys(objectOf(row), progressOf(row))) await noteUnneeded(db, key, new Date());
    this.#service.background.wake();
  }

  /** Stores what comes, piece by piece, and answers how far the upload is. What came before a broken connection stays. */
  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    const row = await this.#row(id);
    if (row.state === "complete" || progressOf(row).isWhole === true) {
      // Sent again because the answer was lost, or because putting it together failed.
      stream.resume();
      return row.size_bytes;
    }
    const writer = new PieceWriter(this.#service, this.assembly, row, offset);
    try {
      await writer.begin();
      for await (const chunk of stream as AsyncIterable<Uint8Array>) await writer.add(chunk);
    } catch (error) {
      await writer.end();
      throw error;
    }
    return writer.end();
  }

  async #row(id: string): Promise<UploadRow> {
    const row = await findUpload(this.#service.db, id);
    if (row === undefined || row.protocol !== "tus") throw ERRORS.FILE_NOT_FOUND;
    return row;
  }
}

export function objectOf(row: UploadRow): AssembledObject {
  return { id: row.id, key: row.object_key, contentType: row.content_type, sizeBytes: row.size_bytes };
}

export function progressOf(row: UploadRow): AssemblyProgress {
  return row.progress === null ? NOTHING_ASSEMBLED : (JSON.parse(row.progress) as AssemblyProgress);
}

/** Gives back what storage holds of an upload that nobody goes on with. */
export function discardTusUpload(storage: StorageProvider): (row: UploadRow) => Promise<void> {
  const assembly = assemblyOf(storage);
  return async (row) => {
    if (row.protocol === "tus") await assembly.discard(objectOf(row), progressOf(row));
  };
}

/** Gathers what comes in one request into pieces. At most one piece is in memory. */
class PieceWriter {
  readonly #service: Service;
  readonly #assembly: Assembly;
  readonly #row: UploadRow;
  /** A request that is broken off must not take what it has brought with it. */
  readonly #signal = new AbortController().signal;
  #progress: AssemblyProgress;
  /** Bytes of the object that are stored and recorded. */
  #recorded: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Of the held bytes, those that were stored before as the tail. */
  #tailBytes = 0;

  constructor(service: Service, assembly: Assembly, row: UploadRow, offset: number) {
    this.#service = service;
    this.#assembly = assembly;
    this.#row = row;
    this.#progress = progressOf(row);
    this.#recorded = offset;
  }

  async begin(): Promise<void> {
    const tail = await this.#assembly.tail(objectOf(this.#row), this.#progress, this.#signal);
    this.#hold(tail);
    this.#tailBytes = tail.byteLength;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#hold(chunk);
    if (this.#heldBytes >= this.#assembly.pieceBytes && !this.#isComplete()) await this.#flush(false);
  }

  /** Stores what is held. The offset that it answers is the object's size for the last piece, before that is recorded. */
  async end(): Promise<number> {
    if (this.#heldBytes > this.#tailBytes) await this.#flush(this.#isComplete());
    return this.#recorded;
  }

  #isComplete(): boolean {
    return this.#recorded + this.#heldBytes - this.#tailBytes === this.#row.size_bytes;
  }

  #hold(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
  }

  async #flush(isLast: boolean): Promise<void> {
    const { db } = this.#service;
    const object = objectOf(this.#row);
    const before = this.#assembly.sideKeys(object, this.#progress);
    const appended = await this.#assembly.append(object, this.#progress, Buffer.concat(this.#held), {
      isLast,
      signal: this.#signal,
    });
    const progress = isLast ? { ...appended, isWhole: true } : appended;
    const offset = this.#recorded + this.#heldBytes - this.#tailBytes;
    const after = this.#assembly.sideKeys(object, progress);
    await db.transaction().execute(async (transaction) => {
      // Compared with what was read: an upload goes on in one request at a time, wherever it is served.
      const { numUpdatedRows } = await transaction
        .updateTable("bucketferry_uploads")
        .set({ progress: JSON.stringify(progress), ...(isLast ? {} : { offset_bytes: offset }) })
        .where("id", "=", this.#row.id)
        .where("state", "=", "open")
        .where("offset_bytes", "=", this.#recorded)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw new Problem("Conflict", "The upload goes on in another request.");
      const end = new Date(Date.parse(this.#row.expires_at));
      for (const key of after) if (!before.includes(key)) await noteUnneeded(transaction, key, end);
      for (const key of before) if (!after.includes(key)) await noteUnneeded(transaction, key, new Date());
    });
    this.#service.metrics.storedBytes("in", this.#heldBytes - this.#tailBytes);
    this.#progress = progress;
    this.#recorded = offset;
    this.#held = [];
    this.#heldBytes = 0;
    this.#tailBytes = 0;
  }
}
