import { kernel, MOST_LANES, SLICE_BYTES } from "./kernel.ts";
import { BLOCK_BYTES, INITIAL_STATE } from "./md5-steps.ts";
import { openBlock } from "./open-block.ts";

export interface Md5LanesOptions {
  /** How long bytes wait for others to be hashed with, in milliseconds; 30 when left out. */
  readonly patienceMs?: number;
}

/** Hashes that share the processor's vector unit. All that is added to any of them is hashed together. */
export interface Md5Lanes {
  hash(): LaneHash;
  /** MD5 of one body, in hex. The bytes must stay as they are until it is there. */
  digest(bytes: Uint8Array): Promise<string>;
}

/** The MD5 of one body that comes in pieces. */
export interface LaneHash {
  /** Resolves when the bytes are hashed; until then they must stay as they are. Several are taken in the order of the calls. */
  update(bytes: Uint8Array): Promise<void>;
  /**
   * Ends it: the MD5 in hex.
   * @throws Error when bytes are still waiting, or it has ended before
   */
  digest(): string;
}

/** With so many bodies a byte costs a quarter of what it costs alone; with fewer, it is worth to wait for others. */
const ENOUGH_LANES = 8;
/** All lanes together, between two looks at what else the process has to do: about a millisecond. */
const TURN_BYTES = 2 * 1024 * 1024;

/** Whole blocks of one body that wait. */
interface Job {
  readonly state: Int32Array;
  readonly bytes: Uint8Array;
  readonly sinceMs: number;
  readonly done: () => void;
  hashed: number;
}

/**
 * One step of MD5 needs the result of the one before, so a processor that could do several at once has nothing to do: on one
 * body it is idle three quarters of the time. Several bodies at once fill it. The idea, and its name (multi-buffer hashing), are
 * those of Gueron and Krasnov, "Simultaneous hashing of multiple messages", 2012: https://eprint.iacr.org/2012/371.
 */
export function md5Lanes({ patienceMs = 30 }: Md5LanesOptions = {}): Md5Lanes {
  let jobs: Job[] = [];
  let turn: NodeJS.Immediate | undefined;
  let patience: NodeJS.Timeout | undefined;
  let made: ReturnType<typeof kernel> | undefined;
  const lanes = (): ReturnType<typeof kernel> => (made ??= kernel());

  const schedule = (): void => {
    const [oldest] = jobs;
    if (oldest === undefined || turn !== undefined) return;
    const waitedMs = performance.now() - oldest.sinceMs;
    if (jobs.length >= ENOUGH_LANES || waitedMs >= patienceMs) {
      clearTimeout(patience);
      patience = undefined;
      turn = setImmediate(takeTurn);
      return;
    }
    patience ??= setTimeout(() => {
      patience = undefined;
      schedule();
    }, patienceMs - waitedMs);
  };

  const takeTurn = (): void => {
    turn = undefined;
    for (let bytes = 0; bytes < TURN_BYTES && jobs.length > 0;) bytes += hashSlices(jobs.slice(0, MOST_LANES));
    schedule();
  };

  /** One slice of each, as long as the shortest has. Returns how many bytes that were. */
  const hashSlices = (batch: readonly Job[]): number => {
    const { input, setState, getState, run } = lanes();
    const length = Math.min(SLICE_BYTES, ...batch.map(({ bytes, hashed }) => bytes.byteLength - hashed));
    for (const [lane, { state, bytes, hashed }] of batch.entries()) {
      input(lane).set(bytes.subarray(hashed, hashed + length));
      setState(lane, state);
    }
    run(batch.length, length / BLOCK_BYTES);
    for (const [lane, job] of batch.entries()) {
      getState(lane, job.state);
      job.hashed += length;
    }
    const ended = batch.filter(({ bytes, hashed }) => hashed === bytes.byteLength);
    if (ended.length > 0) jobs = jobs.filter((job) => !ended.includes(job));
    for (const { done } of ended) done();
    return batch.length * length;
  };

  const hashBlocks = (state: Int32Array, bytes: Uint8Array): Promise<void> =>
    new Promise((done) => {
      jobs.push({ state, bytes, sinceMs: performance.now(), done, hashed: 0 });
      schedule();
    });

  /** What is too little to wait for. */
  const hashNow = (state: Int32Array, block: Uint8Array): void => {
    const { input, setState, getState, run } = lanes();
    input(0).set(block);
    setState(0, state);
    run(1, block.byteLength / BLOCK_BYTES);
    getState(0, state);
  };

  const hash = (): LaneHash => {
    const state = Int32Array.from(INITIAL_STATE);
    const open = openBlock();
    let last = Promise.resolve();
    let waiting = 0;
    let ended = false;

    const add = (bytes: Uint8Array): Promise<void> | undefined => {
      const { filled, whole } = open.add(bytes);
      if (filled !== undefined) hashNow(state, filled);
      return whole.byteLength === 0 ? undefined : hashBlocks(state, whole);
    };
    return {
      update(bytes) {
        if (ended) return Promise.reject(new Error("This MD5 has been ended; nothing can be added to it."));
        waiting += 1;
        last = last.then(() => add(bytes)).finally(() => (waiting -= 1));
        return last;
      },
      digest() {
        if (ended) throw new Error("This MD5 has been ended before.");
        if (waiting > 0) throw new Error("Bytes are still being added to this MD5. Wait for its updates first.");
        ended = true;
        hashNow(state, open.end());
        return Buffer.from(state.buffer).toString("hex");
      },
    };
  };

  return {
    hash,
    async digest(bytes) {
      const own = hash();
      await own.update(bytes);
      return own.digest();
    },
  };
}
