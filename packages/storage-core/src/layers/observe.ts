import type { Layer } from "../contract/layer.ts";
import { StorageError, type StorageOperation } from "../errors/storage-error.ts";
import { around, type LayerCall } from "./around.ts";
import { relayed } from "./relayed-body.ts";

/** One request that is over. For a `get` that is when its body was read, cancelled, or has failed. */
export interface ObservedCall {
  readonly provider: string;
  readonly bucket: string;
  readonly operation: StorageOperation;
  readonly key: string | undefined;
  readonly durationMs: number;
  /** `ok`, or the code of the error. */
  readonly outcome: "ok" | StorageError["code"];
  readonly error?: StorageError | undefined;
  /** `get`: bytes that were read. */
  readonly receivedBytes?: number | undefined;
  /** `put` and `uploadPart`: bytes of the body, where known. */
  readonly sentBytes?: number | undefined;
}

export interface ObserveOptions {
  /** Must not throw; what it throws is lost, since a report is no reason to fail. */
  readonly onCall: (call: ObservedCall) => void;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

/**
 * Reports every request: one event per operation, per page of a listing, per batch of `deleteMany`.
 *
 * Right: `[observe(…), retry(), limit(…), timeout()]` reports what the caller lived through, waiting and retries included.
 * Wrong, when that is the question: `[retry(), limit(…), timeout(), observe(…)]` reports attempts, so a call that was
 * saved by its second attempt counts as a failure.
 */
export function observe({ onCall, now = () => performance.now() }: ObserveOptions): Layer {
  const report = (call: ObservedCall): void => {
    try {
      onCall(call);
    } catch {
      // Said in the option's comment.
    }
  };

  return around((inner) => {
    const { name: provider, bucket } = inner;
    const about = ({ operation, key, upload }: LayerCall, startedAt: number) => {
      const durationMs = now() - startedAt;
      const sent = upload?.bytes;
      return { provider, bucket, operation, key, durationMs, ...(sent !== undefined && { sentBytes: sent }) };
    };
    const failure = (error: unknown) => {
      if (!(error instanceof StorageError)) return { outcome: "Unknown" as const };
      return { outcome: error.code, error };
    };

    const bodyOutcome = (reason: unknown, { signal }: LayerCall) => {
      if (reason === "cancelled") return { outcome: signal?.aborted === true ? ("Aborted" as const) : ("ok" as const) };
      return reason === undefined ? { outcome: "ok" as const } : failure(reason);
    };

    return {
      async call(call, next) {
        const startedAt = now();
        try {
          const result = await next();
          report({ ...about(call, startedAt), outcome: "ok" });
          return result;
        } catch (error) {
          report({ ...about(call, startedAt), ...failure(error) });
          throw error;
        }
      },

      async open(call, next) {
        const startedAt = now();
        let receivedBytes = 0;
        try {
          return relayed(await next(call.options), call.key, call.signal, provider, {
            onBytes: (count) => {
              receivedBytes += count;
            },
            onEnd: (reason) => {
              report({ ...about(call, startedAt), receivedBytes, ...bodyOutcome(reason, call) });
            },
          });
        } catch (error) {
          report({ ...about(call, startedAt), ...failure(error) });
          throw error;
        }
      },
    };
  });
}
