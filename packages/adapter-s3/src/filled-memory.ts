import { StorageError } from "@bucketferry/storage-core";

/** Bytes that are handed out together: many steps through the layers cost more than the bytes in them. */
const PIECE_BYTES = 256 * 1024;
/** A slow body shows that it lives at least so often. */
const PIECE_MS = 1_000;

/** A body that is written into the caller's memory by whoever receives it, and read from there. */
export interface FilledMemory extends AsyncIterable<Uint8Array> {
  /** False when there is no room for them: the body is longer than it said. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  fail(error: unknown): void;
  /** All of it, when it is there. */
  all(): Promise<Uint8Array>;
  /** Nothing is written any more, so that the memory can be used for something else. */
  readonly isOver: boolean;
}

export function filledMemory(memory: Uint8Array): FilledMemory {
  let filled = 0;
  let given = 0;
  let givenAtMs = performance.now();
  let over: { readonly error: unknown } | "ended" | undefined;
  let wake: (() => void) | undefined;

  const finish = (how: typeof over): void => {
    over ??= how;
    wake?.();
  };
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const isPiece = (): boolean =>
    filled - given >= PIECE_BYTES || (filled > given && performance.now() - givenAtMs >= PIECE_MS);

  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      while (over === undefined && !isPiece()) await change();
      if (over !== undefined && over !== "ended") throw over.error;
      if (filled > given) {
        const piece = memory.subarray(given, filled);
        given = filled;
        givenAtMs = performance.now();
        yield piece;
      } else if (over === "ended") return;
    }
  }

  return {
    [Symbol.asyncIterator]: pieces,
    get isOver() {
      return over !== undefined;
    },
    write(bytes) {
      if (over !== undefined) return true;
      if (filled + bytes.byteLength > memory.byteLength) {
        finish({ error: new StorageError("IncompleteBody", "the body is longer than it was announced") });
        return false;
      }
      memory.set(bytes, filled);
      filled += bytes.byteLength;
      if (wake !== undefined && isPiece()) wake();
      return true;
    },
    end: () => finish("ended"),
    fail: (error) => finish({ error }),
    async all() {
      while (over === undefined) await change();
      if (over !== "ended") throw over.error;
      return memory.subarray(0, filled);
    },
  };
}
