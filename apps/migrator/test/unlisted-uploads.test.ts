import type { FaultProxy } from "@bucketferry/local-servers";
import type { FaultRule } from "@bucketferry/storage-core/conformance";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startCli } from "./cli.ts";
import { openStages } from "./in-process.ts";
import { plannedBehindProxy } from "./planned-behind-proxy.ts";
import { content, type World } from "./world.ts";

const PART = 5 * 1024 ** 2;
/** Three parts. */
const BYTES = content(1, 12_000_000);

let world: World;
let targetProxy: FaultProxy;
let close: () => Promise<void>;
beforeEach(async () => {
  const copy = { concurrency: 4, maxAttempts: 3, partSize: PART };
  ({ world, targetProxy, close } = await plannedBehindProxy([["large.wav", BYTES]], copy));
});
afterEach(() => close());

/** What a server of few talents says to a request that it does not know (s3rver). */
function refuse(method: string, query: string): FaultRule {
  return {
    match: { method, query },
    times: Infinity,
    fault: {
      kind: "answer",
      status: 405,
      headers: { "content-type": "application/xml" },
      body: "<Error><Code>MethodNotAllowed</Code><Message>m</Message></Error>",
    },
  };
}

it.each([
  ["cannot list the parts of an upload", ["GET uploadId="], "upload:part-recorded#2", 0],
  ["can neither list its parts nor end it", ["GET uploadId=", "DELETE uploadId="], "upload:part-recorded#2", 1],
  ["cannot list uploads, and the answer that named one was lost", ["GET uploads="], "upload:created", 1],
])(
  "L1 a copy that was killed begins anew where the target %s",
  async (_, requests, place, unfindable) => {
    const killed = await startCli(["copy", "--json", "--config", world.configFile], {
      env: { BUCKETFERRY_KILL_AT: place },
    }).result;
    expect(killed.signal).toBe("SIGKILL");

    for (const request of requests) {
      const [method = "", query = ""] = request.split(" ");
      targetProxy.faults.inject(refuse(method, query));
    }
    const stages = await openStages(world);
    try {
      expect(await stages.copy({ partSizeBytes: PART })).toMatchObject({ copied: 1, failed: 0, complete: true });
      const copy = await world.route.target.get("large.wav");
      expect(Buffer.from(await copy.bytes()).equals(BYTES)).toBe(true);
      expect(await stages.verify("deep")).toMatchObject({ verified: 1 });
      // One that nobody can find or end stays, until a lifecycle rule of the bucket ends it.
      expect(await Array.fromAsync(world.route.target.multipart.list())).toHaveLength(unfindable);
      expect(await Array.fromAsync(stages.ledger.uploads.walk("audio"))).toEqual([]);
    } finally {
      await stages.close();
    }
  },
  120_000,
);
