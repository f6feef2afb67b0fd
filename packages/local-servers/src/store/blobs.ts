/** Where bytes are kept: files or memory. */
export interface Blobs {
  /** A new blob; its name is chosen here. */
  create(): BlobWriter;
  read(name: string, start: number, end: number): AsyncIterable<Uint8Array>;
  remove(name: string): void;
  /** Removes what `isUsed` does not know: leftovers of a process that was killed. */
  sweep(isUsed: (name: string) => boolean): void;
}

export interface BlobWriter {
  readonly name: string;
  write(chunk: Uint8Array): Promise<void>;
  /** Everything is written, and on the disk where the store is durable. */
  close(): Promise<void>;
  /** Ends the writing and leaves nothing behind. */
  discard(): Promise<void>;
}
