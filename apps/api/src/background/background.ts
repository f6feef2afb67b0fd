import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

/** Work that is done beside requests. It is all in the database, so it survives restarts and is shared by instances. */
export interface Background {
  /** There may be something to do now. */
  wake(): void;
  /** Ends after what is under way. */
  stop(): Promise<void>;
}

/** One kind of work: does a little of it, and says whether there may be more at once. */
export interface BackgroundTask {
  readonly name: string;
  readonly step: (signal: AbortSignal) => Promise<"more" | "idle">;
}

export interface BackgroundOptions {
  readonly tasks: readonly BackgroundTask[];
  readonly log: Logger;
  /** How often is looked without being woken: other instances, times that have come. */
  readonly intervalMs?: number | undefined;
}

/** Runs each task in a loop of its own. A step that fails is logged and tried again at the next look. */
export function background({ tasks, log, intervalMs = 5_000 }: BackgroundOptions): Background {
  const stopping = new AbortController();
  const wakers = new Set<() => void>();
  let wakes = 0;

  const loop = async ({ name, step }: BackgroundTask): Promise<void> => {
    while (!stopping.signal.aborted) {
      const seen = wakes;
      const outcome = await step(stopping.signal).catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ task: name, err: error }, "background task failed");
        return "idle" as const;
      });
      if (outcome === "more" || wakes !== seen) continue;
      await idle();
    }
  };
  const idle = async (): Promise<void> => {
    const woken = Promise.withResolvers<void>();
    wakers.add(woken.resolve);
    const timer = new AbortController();
    const signal = AbortSignal.any([stopping.signal, timer.signal]);
    await Promise.race([woken.promise, sleep(intervalMs, undefined, { signal }).catch(() => undefined)]);
    timer.abort();
    wakers.delete(woken.resolve);
  };

  const loops = tasks.map(loop);
  return {
    wake() {
      wakes++;
      for (const wakeUp of wakers) wakeUp();
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
