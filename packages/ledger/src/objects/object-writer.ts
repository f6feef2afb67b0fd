import { setImmediate as nextTurn } from "node:timers/promises";
import { LedgerError } from "../ledger-error.ts";
import { assertLegal } from "./apply-changes.ts";
import type { ObjectChange } from "./object-record.ts";

export interface ObjectWriterOptions {
  /** Changes of one transaction. */
  readonly batchSize?: number | undefined;
  /** How long the first change of a batch waits for others, in milliseconds. */
  readonly lingerMs?: number | undefined;
  /** Called once for every change, after the transaction that holds it was committed: only then it counts. */
  readonly onCommitted?: ((change: ObjectChange) => void) | undefined;
}

/**
 * Records many steps in few transactions. `add` resolves as soon as there is room, not when the change is stored, so a
 * transfer never waits for the disk unless the disk cannot keep up.
 */
export interface ObjectWriter {
  /**
   * Takes a change. Rejects with what stopped an earlier batch: from then on nothing is taken any more.
   * @throws LedgerError IllegalTransition, and whatever the database said
   */
  add(change: ObjectChange): Promise<void>;
  /** Resolves when everything that was added is stored. */
  flush(): Promise<void>;
  /** `flush`, and no more changes. */
  end(): Promise<void>;
}

const BATCH_SIZE = 1_000;
const LINGER_MS = 100;

export function objectWriter(
  commit: (changes: readonly ObjectChange[]) => Promise<void>,
  options: ObjectWriterOptions = {},
): ObjectWriter {
  const batchSize = options.batchSize ?? BATCH_SIZE;
  const lingerMs = options.lingerMs ?? LINGER_MS;

  let waiting: ObjectChange[] = [];
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly error: unknown } | undefined;
  let ended = false;

  const write = async (): Promise<void> => {
    while (waiting.length > 0 && failure === undefined) {
      const batch = waiting.splice(0, batchSize);
      try {
        await commit(batch);
      } catch (error) {
        // What was behind it is dropped as well: a later step must not be stored without the earlier one.
        failure = { error };
        waiting = [];
        return;
      }
      for (const change of batch) options.onCommitted?.(change);
      // SQLite answers at once, so whoever adds without a pause would keep signals, timers and sockets waiting for ever.
      await nextTurn();
    }
  };

  const startWriting = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing ??= write().finally(() => {
      writing = undefined;
      // What came after the last look, and before this moment, found somebody writing and set no timer.
      if (waiting.length > 0) timer ??= setTimeout(() => void startWriting(), lingerMs);
    });
    return writing;
  };

  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };

  const flush = async (): Promise<void> => {
    while (waiting.length > 0 || writing !== undefined) await startWriting();
    throwFailure();
  };

  return {
    async add(change) {
      throwFailure();
      if (ended) throw new LedgerError("Closed", "The writer has ended.");
      assertLegal(change);
      waiting.push(change);
      if (waiting.length < batchSize) {
        if (writing === undefined) timer ??= setTimeout(() => void startWriting(), lingerMs);
        return;
      }
      const done = startWriting();
      // One batch may be on its way to the disk while the next one fills; a third one waits.
      if (waiting.length >= 2 * batchSize) await done;
      throwFailure();
    },
    flush,
    async end() {
      ended = true;
      await flush();
    },
  };
}
