import type { StorageProvider } from "@bucketferry/storage-core";
import { AbstractTokenizer, EndOfStreamError, type IRandomAccessFileInfo, type IReadChunkOptions } from "strtok3";

/** One read brings so much: tags and tables are small and stand together. */
const WINDOW_BYTES = 256 * 1024;

export interface ObjectTokenizerOptions {
  readonly storage: StorageProvider;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly contentType: string;
  readonly signal: AbortSignal;
}

/**
 * An object as a parser of media files reads it: at any place, a window at a time. Skipping costs nothing, so a file whose
 * index stands at its end is not read through, and memory holds one window whatever the file's size.
 */
export class ObjectTokenizer extends AbstractTokenizer {
  override readonly fileInfo: IRandomAccessFileInfo;
  readonly #options: ObjectTokenizerOptions;
  #window: { readonly offset: number; readonly bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array() };

  constructor(options: ObjectTokenizerOptions) {
    super();
    this.#options = options;
    this.fileInfo = { size: options.size, mimeType: options.contentType };
  }

  override supportsRandomAccess(): true {
    return true;
  }

  setPosition(position: number): void {
    this.validateLength(position, "position");
    this.position = position;
  }

  override async readBuffer(buffer: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { position } = this.normalizeOptions(buffer, options);
    const count = await this.peekBuffer(buffer, options);
    this.position = position + count;
    return count;
  }

  override async peekBuffer(buffer: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { position, length, mayBeLess } = this.normalizeOptions(buffer, options);
    const available = Math.max(0, Math.min(length, this.fileInfo.size - position));
    if (available < length && mayBeLess !== true) throw new EndOfStreamError();
    for (let copied = 0; copied < available;) {
      const bytes = await this.#bytesAt(position + copied);
      const part = bytes.subarray(0, available - copied);
      buffer.set(part, copied);
      copied += part.byteLength;
    }
    return available;
  }

  /** What the window holds from a position on, at least one byte; fetched when it does not hold the position. */
  async #bytesAt(position: number): Promise<Uint8Array> {
    const { offset, bytes } = this.#window;
    if (position >= offset && position < offset + bytes.byteLength) return bytes.subarray(position - offset);
    const { storage, key, etag, signal } = this.#options;
    const pin = storage.capabilities.conditionalGet.ifMatch ? { ifMatch: etag } : {};
    const range = { offset: position, length: Math.min(WINDOW_BYTES, this.fileInfo.size - position) };
    const opened = await storage.get(key, { ...pin, range, signal });
    this.#window = { offset: position, bytes: await opened.bytes() };
    return this.#window.bytes;
  }
}
