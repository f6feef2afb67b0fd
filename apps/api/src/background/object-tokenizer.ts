import { AbstractTokenizer, EndOfStreamError, type IRandomAccessFileInfo, type IReadChunkOptions } from "strtok3";
import { NotAudio } from "./not-audio.ts";

/** One read brings so much: tags and tables are small and stand together. */
const WINDOW_BYTES = 256 * 1024;
/** A parser takes one tag or table into memory as a whole. The largest that are honest are covers. */
const MOST_AT_ONCE_BYTES = 32 * 1024 * 1024;

export interface ObjectTokenizerOptions {
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

/**
 * An object as a parser of media files reads it: at any place, a window at a time. Skipping costs nothing, so a file whose
 * index stands at its end is not read through, and memory holds one window whatever the file's size.
 */
export class ObjectTokenizer extends AbstractTokenizer {
  override readonly fileInfo: IRandomAccessFileInfo;
  readonly #read: ObjectTokenizerOptions["read"];
  #window: { readonly offset: number; readonly bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array() };

  constructor({ sizeBytes, contentType, read }: ObjectTokenizerOptions) {
    super();
    this.fileInfo = { size: sizeBytes, mimeType: contentType };
    this.#read = read;
  }

  override supportsRandomAccess(): true {
    return true;
  }

  setPosition(position: number): void {
    this.validateLength(position, "position");
    this.position = position;
  }

  override async readToken<Value>(token: Token<Value>, position?: number): Promise<Value> {
    requireReadable(token.len);
    return super.readToken(token, position);
  }

  override async peekToken<Value>(token: Token<Value>, position?: number): Promise<Value> {
    requireReadable(token.len);
    return super.peekToken(token, position);
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
    const length = Math.min(WINDOW_BYTES, this.fileInfo.size - position);
    this.#window = { offset: position, bytes: await this.#read(position, length) };
    return this.#window.bytes;
  }
}

type Token<Value> = Parameters<typeof AbstractTokenizer.prototype.readToken<Value>>[0];

/** Before the parser asks for the memory. */
function requireReadable(length: number): void {
  if (length > MOST_AT_ONCE_BYTES) throw new NotAudio("One of its parts is larger than any of audio.");
}
