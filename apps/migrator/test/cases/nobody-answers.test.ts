import { faultProxy, type FaultProxy } from "@bucketferry/local-servers";
import { afterEach, beforeEach, expect, it } from "vitest";
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
    // More attempts than the one that hangs: on a loaded machine another one may take two seconds too.
    config["copy"] = { concurrency: 4, maxAttempts: 5, timeout: 2 };
  });
  stages = await openStages(world);
});
afterEach(async () => {
  await stages.close();
  await Promise.all([proxies.source.close(), proxies.target.close()]);
  await world.close();
});

it("S29 a connection that hangs, in the middle of a body or without any answer, is given up, and its object is copied", async () => {
  const keys = await seed(world, 12);
  await stages.plan();
  proxies.source.faults.inject({
    match: { method: "GET", path: "0007" },
    times: 1,
    fault: { kind: "stall", afterBytes: 20 },
  });
  proxies.source.faults.inject({ match: { method: "GET", path: "0008" }, times: 1, fault: { kind: "silence" } });
  proxies.target.faults.inject({ match: { method: "PUT", path: "0009" }, times: 1, fault: { kind: "silence" } });
  expect(await stages.copy()).toMatchObject({ copied: 12, failed: 0 });
  for (const [i, key] of keys.entries()) {
    const copy = await world.route.target.get(key);
    expect(Buffer.from(await copy.bytes()).equals(content(i, i * 7))).toBe(true);
  }
});
