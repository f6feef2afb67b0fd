import type { FaultProxy } from "@bucketferry/local-servers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startCli } from "./cli.ts";
import { openStages } from "./in-process.ts";
import { plannedBehindProxy } from "./planned-behind-proxy.ts";
import { content, type World } from "./world.ts";

const PART = 5 * 1024 ** 2;
/** Three parts each. */
const SIZE = 12_000_000;
const KEYS = ["a.wav", "b.wav"];

let world: World;
let targetProxy: FaultProxy;
let close: () => Promise<void>;
beforeEach(async () => {
  const copy = { concurrency: 8, maxAttempts: 3, partSize: PART };
  ({ world, targetProxy, close } = await plannedBehindProxy(
    KEYS.map((key, i) => [key, content(i, SIZE)] as const),
    copy,
  ));
});
afterEach(() => close());

/** Places in the life of an upload, with the time that it is passed, and how many parts are on record there at least. */
const PLACES: readonly (readonly [string, number])[] = [
  ["upload:before-create", 0],
  ["upload:created", 0],
  ["upload:recorded", 0],
  ["upload:part-sent#3", 0],
  ["upload:part-recorded", 1],
  ["upload:part-recorded#4", 1],
  ["upload:before-complete", 3],
  ["upload:completed", 3],
  ["upload:forgotten#2", 0],
];

it.each(PLACES)(
  "L1 S25 a copy that is killed at %s goes on, sends no recorded part again, and leaves no upload behind",
  async (place, leastRecorded) => {
    const killed = await startCli(["copy", "--json", "--config", world.configFile], {
      env: { BUCKETFERRY_KILL_AT: place },
    }).result;
    expect(killed.signal).toBe("SIGKILL");

    const stages = await openStages(world);
    try {
      const recorded = new Set<string>();
      for await (const { key } of stages.ledger.uploads.walk("audio")) {
        const upload = await stages.ledger.uploads.find("audio", key);
        for (const { partNumber } of upload?.parts ?? []) recorded.add(`${key} ${partNumber}`);
      }
      expect(recorded.size).toBeGreaterThanOrEqual(leastRecorded);
      targetProxy.faults.clear();

      expect(await stages.copy({ partSizeBytes: PART })).toMatchObject({ failed: 0, complete: true });
      const sentAgain = targetProxy.faults
        .seen()
        .filter(({ method, query }) => method === "PUT" && query.includes("partNumber="))
        .map(({ path, query }) => `${path.split("/").at(-1)} ${new URLSearchParams(query).get("partNumber")}`);
      expect(sentAgain.filter((part) => recorded.has(part))).toEqual([]);
      expect(await Array.fromAsync(world.route.target.multipart.list())).toEqual([]);
      expect(await Array.fromAsync(stages.ledger.uploads.walk("audio"))).toEqual([]);
      for (const [i, key] of KEYS.entries()) {
        expect(Buffer.from(await (await world.route.target.get(key)).bytes()).equals(content(i, SIZE))).toBe(true);
      }
      expect(await stages.verify("deep")).toMatchObject({ verified: KEYS.length });
    } finally {
      await stages.close();
    }
  },
  120_000,
);
