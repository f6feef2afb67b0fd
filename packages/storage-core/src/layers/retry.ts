import type { Layer } from "../contract/layer.ts";
import type { DeleteOutcome } from "../contract/provider.ts";
import { isStorageError, type StorageError } from "../errors/storage-error.ts";
import { asStorageError } from "../kit/failure.ts";
import { around, type LayerCall, type Next } from "./around.ts";
import { resuming } from "./resuming-body.ts";
import { decide, echoed, isRepeatable, mayBeApplied, type AfterFailure, type RetryOptions } from "./retry-policy.ts";
import { sleep as realSleep } from "./sleep.ts";

/**
 * Makes calls again that failed for the time being: with growing random pauses, as long as the service asks for, and never
 * a body that can be read once. The last failure comes out as `exhausted`, so that no layer further out tries again.
 *
 * A body of a `get` that breaks is taken up where it broke, pinned to the same version; each piece of progress begins a new
 * count of attempts. A conditional write that is repeated after a lost answer may fail because of itself; such an
 * error says `applied: "unknown"`.
 *
 * Right: `[observe(…), retry(), limit(…), timeout()]`. Wrong: `[limit(…), retry()]`: pauses hold places that others
 * could use. Wrong: two retries around each other, or around a client that retries by itself: attempts multiply.
 */
export function retry({
  maxAttempts = 4,
  baseDelayMs = 100,
  maxDelayMs = 20_000,
  maxRetryAfterMs = 60_000,
  onRetry,
  random = Math.random,
  sleep = realSleep,
}: RetryOptions = {}): Layer {
  const limits = { maxAttempts, baseDelayMs, maxDelayMs, maxRetryAfterMs };

  return around((inner) => {
    const afterFailure: AfterFailure = async (call, attempt, error) => {
      const decision = decide(error, attempt, isRepeatable(call, error), limits, random);
      if (decision.kind === "fail") throw decision.error;
      const { operation, key, signal } = call;
      onRetry?.({ operation, key, attempt, delayMs: decision.delayMs, error: decision.error });
      try {
        await sleep(decision.delayMs, signal);
      } catch (reason) {
        throw asStorageError(reason, { site: { provider: inner.name, operation, key }, signal });
      }
    };

    const attempts = async <Result>(call: LayerCall, next: Next<Result>): Promise<Result> => {
      let inDoubt = false;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await next();
        } catch (error) {
          await afterFailure(call, attempt, inDoubt ? echoed(error, call) : error);
          inDoubt ||= mayBeApplied(error);
        }
      }
    };

    return {
      call: attempts,

      async open(call, next) {
        const opened = await attempts(call, () => next(call.options));
        return resuming(opened, { call, next, afterFailure, inner });
      },

      /** What failed for the time being is sent again, alone. Every key keeps its outcome, whatever comes later. */
      async deleteBatch(call, keys, next) {
        const settled: DeleteOutcome[] = [];
        let open: readonly DeleteOutcome[] = keys.map((key) => ({ key }));
        for (let attempt = 1; ; attempt += 1) {
          let failure: unknown;
          try {
            const outcomes = await next(open.map(({ key }) => key));
            const failed = outcomes.filter(isTemporary);
            settled.push(...outcomes.filter((outcome) => !isTemporary(outcome)));
            if (failed.length === 0) return settled;
            open = failed;
            failure = failed[0]?.error;
          } catch (error) {
            failure = error;
          }
          try {
            await afterFailure(call, attempt, failure);
          } catch (error) {
            const isWhole = settled.length === 0 && open.every((outcome) => outcome.error === undefined);
            if (isWhole || !isStorageError(error)) throw error;
            return [...settled, ...open.map((outcome) => givenUp(outcome, error))];
          }
        }
      },
    };
  });
}

function isTemporary({ error }: DeleteOutcome): boolean {
  return error?.retryable === true;
}

/** A key's own error says more than the one that ended the attempts. */
function givenUp({ key, error }: DeleteOutcome, last: StorageError): DeleteOutcome {
  return { key, error: (error ?? last.with({ key })).with({ persistence: last.persistence }) };
}
