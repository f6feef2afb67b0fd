import { faultProxy, type FaultProxy } from "@bucketferry/local-servers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStages, type Stages } from "../in-process.ts";
import { content, openWorld, seed, type World } from "../world.ts";

let world: World;
let stages: Stages;
let proxies: { readonly source: FaultProxy; readonly target: FaultProxy };
beforeEach(async () => {
  world = await openWorld();
  proxies = {
    source: await faultProxy({ target: world.source.url }),
    target: await faultProxy({ target: world.target.url }),
  };
  world.configure((config) => {
    Object.assign(config.routes[0]?.source ?? {}, { endpoint: proxies.source.url });
    Object.assign(config.routes[0]?.target ?? {}, { endpoint: proxies.target.url });
  });
  stages = await openStages(world);
});
afterEach(async () => {
  await stages.close();
  await Promise.all([proxies.source.close(), proxies.target.close()]);
  await world.close();
});

const record = async (key: string) => (await stages.ledger.objects.find("audio", [key])).get(key);

describe("S8 a body that is altered on its way", () => {
  it.each(["source", "target"] as const)(
    "from the %s, once, while it is read to be verified, is read again, and nothing is copied again",
    async (side) => {
      const keys = await seed(world, 8);
      await stages.plan();
      await stages.copy();
      proxies[side].faults.inject({
        match: { method: "GET", path: "0005" },
        times: 1,
        fault: { kind: "flipBit", atByte: 9 },
      });
      expect(await stages.verify("deep")).toMatchObject({ verified: 8, planAgain: {} });
      expect((await record(keys[5] ?? ""))?.state).toBe("verified");
    },
  );

  it("S10 or cut in the same way each time, is never verified, and the report says which and why", async () => {
    const keys = await seed(world, 8);
    await stages.plan();
    proxies.source.faults.inject({
      match: { method: "GET", path: "0005" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "flipBit", atByte: 9 },
    });
    proxies.source.faults.inject({
      match: { method: "GET", path: "0006" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "truncate", afterBytes: 9, end: "clean" },
    });
    await stages.copy({ concurrency: 2 });
    await stages.verify();
    expect(await record(keys[5] ?? "")).toMatchObject({ state: "failed", errorCode: "ChecksumMismatch" });
    expect(await record(keys[6] ?? "")).toMatchObject({ state: "failed", errorCode: "IncompleteBody" });
    const told = stages.events.filter((event) => event.type === "object" && event.state === "failed");
    expect(told).toContainEqual(
      expect.objectContaining({ key: keys[5], message: expect.stringContaining("something on the way changed them") }),
    );
    expect(told).toContainEqual(expect.objectContaining({ key: keys[6], message: expect.stringMatching(/bytes/) }));
  });

  it("before the source has shown that its ETags are MD5s is found all the same", async () => {
    await world.route.source.put("a-first", content(1, 100));
    const keys = ["a-first", ...(await seed(world, 4))];
    await stages.plan();
    proxies.source.faults.inject({
      match: { method: "GET", path: "a-first" },
      times: 1,
      fault: { kind: "flipBit", atByte: 2 },
    });
    await stages.copy({ concurrency: 1 });
    await stages.verify();
    for (const key of keys) {
      const [from, to] = await Promise.all([world.route.source.get(key), world.route.target.get(key)]);
      expect(Buffer.from(await to.bytes()).equals(await from.bytes())).toBe(true);
      expect((await record(key))?.state).toBe("verified");
    }
  });
});
