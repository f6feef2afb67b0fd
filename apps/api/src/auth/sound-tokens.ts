import type { Caller } from "./caller.ts";

/** For so long a token that was found sound is not looked at again; a published key set counts for longer than that. */
const KEPT_MS = 30_000;
const MOST_TOKENS = 1_000;

/** Tokens whose signature held a moment ago: verifying one costs as much as everything else of a small request. */
export interface SoundTokens {
  find(token: string): Caller | undefined;
  /** `untilMs`: when the token itself ends. */
  keep(token: string, caller: Caller, untilMs: number): void;
}

/** In memory, so many at most, the oldest forgotten first. Only sound ones: nobody fills it with inventions. */
export function soundTokens(now: () => number = Date.now): SoundTokens {
  const kept = new Map<string, { readonly caller: Caller; readonly untilMs: number }>();
  return {
    find(token) {
      const found = kept.get(token);
      if (found === undefined || now() < found.untilMs) return found?.caller;
      kept.delete(token);
      return undefined;
    },
    keep(token, caller, untilMs) {
      kept.set(token, { caller, untilMs: Math.min(untilMs, now() + KEPT_MS) });
      const [oldest] = kept.keys();
      if (kept.size > MOST_TOKENS && oldest !== undefined) kept.delete(oldest);
    },
  };
}
