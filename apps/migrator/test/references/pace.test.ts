import { describe, expect, test } from "vitest";
import { pace } from "../../src/references/pace.ts";
import { never } from "./harness.ts";

describe("D3 the pace of a rewrite", () => {
  test("keeps to a rate of rows, over batches of any size", async () => {
    const gait = pace({ replicaLagMs: async () => 0 }, { rowsPerSecond: 1_000 });
    const startMs = performance.now();
    for (const rows of [50, 100, 50, 1]) await gait.next(rows, never);
    // The last batch may begin when the 200 rows before it have had their time.
    expect(performance.now() - startMs).toBeGreaterThan(195);
  });

  test("waits for replicas that are too far behind, and not for those that nobody can see", async () => {
    const lags = [5_000, 3_000, 10];
    let asked = 0;
    await pace({ replicaLagMs: async () => lags[asked++] }, { maxReplicaLagMs: 1_000 }).next(1, never);
    expect(asked).toBe(3);
    await pace({ replicaLagMs: async () => undefined }, { maxReplicaLagMs: 1_000 }).next(1, never);
  });

  test("a wait can be interrupted", async () => {
    const stop = new AbortController();
    const waiting = pace({ replicaLagMs: async () => 9_999 }, { maxReplicaLagMs: 1 }).next(1, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow(expect.objectContaining({ name: "AbortError" }) as Error);
  });
});
