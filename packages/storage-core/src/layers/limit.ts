import type { Layer } from "../contract/layer.ts";
import { aborted } from "../kit/failure.ts";
import { around, type LayerCall } from "./around.ts";
import { Gate } from "./gate.ts";
import { relayed } from "./relayed-body.ts";

export interface LimitOptions {
  /** How many calls are under way at once. */
  readonly concurrency: number;
}

/**
 * Lets so many calls through at once; others wait their turn, first come, first served. A `get` counts until its body was
 * read, cancelled or has failed: that is how long it holds a connection. Who opens a body and forgets it keeps its place.
 *
 * Right: `[retry(), limit(…), timeout()]`: waiting for a turn does not eat the deadline, and waiting between attempts does
 * not hold a place. Wrong: `[timeout(), limit(…)]`, where a long queue alone makes calls time out.
 * Wrong too: one limit around source and target of a copy; when gets hold all places, no put can finish. Each side has its own.
 */
export function limit({ concurrency }: LimitOptions): Layer {
  const gate = new Gate(concurrency);

  return around((inner) => {
    const enter = async ({ operation, key, signal }: LayerCall): Promise<void> => {
      if (gate.tryEnter()) return;
      await gate.enter(signal, (reasonOf) => aborted({ provider: inner.name, operation, key }, reasonOf));
    };
    return {
      async call(call, next) {
        await enter(call);
        try {
          return await next();
        } finally {
          gate.leave();
        }
      },

      async open(call, next) {
        await enter(call);
        let inside = true;
        const leave = (): void => {
          if (inside) gate.leave();
          inside = false;
        };
        try {
          return relayed(await next(call.options), call.key, call.signal, inner.name, { onEnd: leave });
        } catch (error) {
          leave();
          throw error;
        }
      },
    };
  });
}
