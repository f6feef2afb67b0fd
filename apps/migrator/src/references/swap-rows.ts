import { setTimeout as sleep } from "node:timers/promises";
import type { Dialect, RowWriter } from "./database/dialect.ts";
import type { RowChange, WrittenRow } from "./database/table.ts";
import { killPoint } from "./kill-point.ts";

/** What became of a change. */
export type SwapOutcome =
  | { readonly kind: "written"; readonly row: WrittenRow }
  /** Another text is there by now, or the row is gone. Nothing was written. */
  | { readonly kind: "changed" }
  /** The database does not take it: a limit, a constraint, a trigger, or somebody's lock. Nothing was written. */
  | { readonly kind: "refused"; readonly code: Refusal; readonly databaseCode: string };

/** Why the database does not take a row. */
export type Refusal = "does-not-fit" | "locked" | "row-security";

export interface SwapOptions<C extends RowChange> {
  /** What is done in the transaction. */
  readonly write: (writer: RowWriter, part: readonly C[]) => Promise<readonly (WrittenRow | undefined)[]>;
  /** `rewrite` or `rollback`: names the points where a test kills this process. */
  readonly stage: "rewrite" | "rollback";
  readonly signal: AbortSignal;
}

/** How often a batch is tried again that met a lock, a deadlock or a serialization failure. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 50;
/** So many waits in a row without a write, which finds one locked row among thousands; more of them mean that the table is locked. */
const MOST_LOCKS = 16;

/**
 * Writes a batch of rows in one transaction. A row that the database refuses is found by halving the batch, so that it is
 * refused alone and the others are written (D7); a batch that meets a lock is tried again, then halved like that (D3). Under a
 * lock on the whole table each of its rows would be waited for alone: what is left is then refused as locked at once.
 */
export async function swapRows<C extends RowChange>(
  dialect: Dialect,
  changes: readonly C[],
  options: SwapOptions<C>,
): Promise<ReadonlyMap<C, SwapOutcome>> {
  const outcomes = new Map<C, SwapOutcome>();
  let locksMet = 0;
  await swapPart(changes, ATTEMPTS);
  return outcomes;

  async function swapPart(part: readonly C[], attempts: number): Promise<void> {
    if (part.length === 0) return;
    options.signal.throwIfAborted();
    const failure = await tryPart(part, attempts);
    if (failure === undefined) return;
    const isLocked = dialect.isPassing(failure);
    if (!isLocked && !dialect.isAboutTheCell(failure)) throw dialect.translate(failure);
    if (isLocked) locksMet += 1;
    if (part.length === 1 || (isLocked && locksMet >= MOST_LOCKS)) {
      const { code } = failure as { readonly code?: unknown };
      const databaseCode = typeof code === "string" ? code : "no code";
      const refusal = isLocked ? "locked" : dialect.isAboutPolicies(failure) ? "row-security" : "does-not-fit";
      for (const change of part) outcomes.set(change, { kind: "refused", code: refusal, databaseCode });
      return;
    }
    const middle = Math.ceil(part.length / 2);
    // Whatever holds the lock was waited for already.
    await swapPart(part.slice(0, middle), isLocked ? 1 : attempts);
    await swapPart(part.slice(middle), isLocked ? 1 : attempts);
  }

  /** The failure of the last attempt; undefined when the part was written. */
  async function tryPart(part: readonly C[], attempts: number): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const rows = await dialect.write(async (writer) => {
          killPoint(`${options.stage}:before-update`);
          const written = await options.write(writer, part);
          killPoint(`${options.stage}:before-commit`);
          return written;
        });
        locksMet = 0;
        killPoint(`${options.stage}:after-commit`);
        for (const [index, change] of part.entries()) {
          const row = rows[index];
          outcomes.set(change, row === undefined ? { kind: "changed" } : { kind: "written", row });
        }
        return undefined;
      } catch (error) {
        if (!dialect.isPassing(error) || attempt >= attempts) return error;
        await sleep(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()), undefined, { signal: options.signal });
      }
    }
  }
}
