import type { Layer } from "../contract/layer.ts";
import type { StorageError } from "../errors/storage-error.ts";
import { refusal } from "../kit/failure.ts";
import { around, type LayerCall } from "./around.ts";
import { Deadline, realTimer, type SetTimer } from "./deadline.ts";
import { relayed } from "./relayed-body.ts";

export interface TimeoutOptions {
  /** Longest time for an answer, in milliseconds; for `get` until its body begins. */
  readonly timeoutMs?: number;
  /** Longest silence within a body, in milliseconds, in either direction. */
  readonly idleMs?: number;
  /** What a body that is sent or read in one piece may need: its bytes at this rate, on top of the limits above. */
  readonly minBytesPerSecond?: number;
  readonly setTimer?: SetTimer;
}

/** Operations that change nothing: when their answer is late, nothing is in doubt. */
const READS: ReadonlySet<string> = new Set([
  "get",
  "head",
  "exists",
  "list",
  "presign",
  "check",
  "multipart.listParts",
  "multipart.list",
]);

/**
 * Ends an attempt that takes too long with `Timeout`: no answer in time, or a body that stands still.
 *
 * Right: `[retry(), limit(…), timeout()]`, innermost, so that each attempt has its own deadline.
 * Wrong: `[timeout(), retry()]`, where the first attempt that hangs eats the time of all others.
 */
export function timeout({
  timeoutMs = 60_000,
  idleMs = 30_000,
  minBytesPerSecond = 16 * 1024,
  setTimer = realTimer,
}: TimeoutOptions = {}): Layer {
  const transferMs = (bytes: number): number => (bytes / minBytesPerSecond) * 1000;

  return around((inner) => {
    const late = ({ operation, key }: LayerCall, what: string): StorageError =>
      refusal("Timeout", { provider: inner.name, operation, key }, what, {
        applied: READS.has(operation) ? undefined : "unknown",
      });

    return {
      async call(call, next) {
        const deadline = new Deadline(call.signal, setTimer);
        const ms = timeoutMs + transferMs(call.upload?.bytes ?? 0);
        const tooLate = () => late(call, `no answer within ${Math.round(ms)} ms`);
        deadline.start(ms, tooLate);
        // While a stream is read there is progress; the time for the answer begins anew with each piece.
        const onBodyBytes = call.upload && (() => deadline.start(timeoutMs, tooLate));
        try {
          return await deadline.race(next({ signal: deadline.signal, onBodyBytes }));
        } finally {
          deadline.release();
        }
      },

      async open(call, next) {
        const deadline = new Deadline(call.signal, setTimer);
        deadline.start(timeoutMs, () => late(call, `no answer within ${timeoutMs} ms`));
        try {
          const opened = await deadline.race(next({ ...call.options, signal: deadline.signal }), (unwanted) => {
            unwanted.cancel().catch(() => undefined);
          });
          deadline.stop();
          return relayed(opened, call.key, call.signal, inner.name, {
            async step(read, bytes) {
              const ms = idleMs + transferMs(bytes);
              deadline.start(ms, () => late(call, `the body stood still for ${Math.round(ms)} ms`));
              try {
                return await deadline.race(read());
              } finally {
                deadline.stop();
              }
            },
            onEnd: () => deadline.release(),
          });
        } catch (error) {
          deadline.release();
          throw error;
        }
      },
    };
  });
}
