import { afterEach, beforeEach, expect, it } from "vitest";
import { openStages, type Stages } from "./in-process.ts";
import { openWorld, seed, type World } from "./world.ts";

const OBJECTS = 30;

let world: World;
let stages: Stages;
beforeEach(async () => {
  world = await openWorld({ shortPages: true });
  stages = await openStages(world);
});
afterEach(async () => {
  await stages.close();
  await world.close();
});

it("plans, copies and verifies every object when pages end early and the first one is empty", async () => {
  const keys = await seed(world, OBJECTS);
  await stages.plan();
  expect(world.count("source", "ListObjectsV2")).toBeGreaterThan(1);
  expect(await stages.copy()).toMatchObject({ copied: OBJECTS, failed: 0 });
  expect(await stages.verify()).toMatchObject({ verified: OBJECTS, troubles: 0, diff: { equal: OBJECTS } });
  expect(await stages.verify("deep")).toMatchObject({ verified: OBJECTS, objectsRead: OBJECTS });

  // A page that ends early is no end: nothing is taken for gone, neither here nor there.
  expect(await stages.plan()).toMatchObject({ kept: OBJECTS, toCopy: { objects: 0 } });
  await world.route.target.delete(keys.at(-1) ?? "");
  await world.route.source.delete(keys[0] ?? "");
  await stages.plan();
  expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
  expect(await stages.verify()).toMatchObject({
    verified: OBJECTS - 1,
    diff: { equal: OBJECTS - 1, "only-target": 1 },
  });
});
