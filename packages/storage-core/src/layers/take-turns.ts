import type { Layer } from "../contract/layer.ts";
import { aborted } from "../kit/failure.ts";
import { around, type LayerCall } from "./around.ts";
import { relayed } from "./relayed-body.ts";

/** Who says when a call may begin, and learns how calls end. */
export interface Turns {
  /** A turn when there is one at this moment; else undefined, and the caller waits with `wait`. */
  take(call: LayerCall): Turn | undefined;
  /** Resolves with a turn. Rejects with `refuse(signal)` when the call's signal is aborted first. */
  wait(call: LayerCall, refuse: (signal: AbortSignal) => Error): Promise<Turn>;
}

export interface Turn {
  /** The head of the answer is here, or the call has failed. Called once. */
  answered(error: unknown): void;
  /** The call is over; for a `get` that is when its body was read, cancelled or has failed. Called once. */
  leave(): void;
}

/**
 * Lets a call through when `turns` gives it a turn, so that a limit may change while calls are under way. What `limit` says about
 * its place among the layers holds here too: `[retry(), takeTurns(…), timeout()]`, each side with its own turns.
 */
export function takeTurns(turns: Turns): Layer {
  return around((inner) => {
    const enter = (call: LayerCall): Turn | Promise<Turn> =>
      turns.take(call) ??
      turns.wait(call, (signal) => aborted({ provider: inner.name, operation: call.operation, key: call.key }, signal));
    return {
      async call(call, next) {
        const turn = await enter(call);
        try {
          const result = await next();
          turn.answered(undefined);
          return result;
        } catch (error) {
          turn.answered(error);
          throw error;
        } finally {
          turn.leave();
        }
      },

      async open(call, next) {
        const turn = await enter(call);
        try {
          const opened = await next(call.options);
          turn.answered(undefined);
          return relayed(opened, call.key, call.signal, inner.name, { onEnd: () => turn.leave() });
        } catch (error) {
          turn.answered(error);
          turn.leave();
          throw error;
        }
      },
    };
  });
}
