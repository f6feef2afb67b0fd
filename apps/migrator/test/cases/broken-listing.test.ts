import { faultProxy, type FaultProxy } from "@bucketferry/local-servers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStages, type Stages } from "../in-process.ts";
import { inventory, openWorld, seed, type World } from "../world.ts";

let world: World;
let stages: Stages;
let proxy: FaultProxy;
let keys: readonly string[];
beforeEach(async () => {
  world = await openWorld();
  keys = await seed(world, 6);
  proxy = await faultProxy({ target: world.source.url });
  world.configure((config) => {
    Object.assign(config.routes[0]?.source ?? {}, { endpoint: proxy.url });
    config["copy"] = { maxAttempts: 1 };
  });
  stages = await openStages(world);
});
afterEach(async () => {
  await stages.close();
  await proxy.close();
  await world.close();
});

const states = async () =>
  Object.fromEntries((await stages.ledger.objects.count()).map(({ state, objects }) => [state, objects]));

const EMPTY =
  '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
  "<Name>old-files</Name><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>";

describe("L11 a source whose listing", () => {
  it.each([
    ["fails", { kind: "answer", status: 500 }],
    ["breaks off", { kind: "truncate", afterBytes: 900, end: "clean" }],
    ["is no listing", { kind: "rewrite", body: "<html>All is well.</html>", headers: { "content-type": "text/html" } }],
  ] as const)("%s stops the plan, and nothing is called gone", async (_, fault) => {
    await stages.plan();
    await stages.copy();
    await stages.verify();
    proxy.faults.inject({ match: { query: "list-type=2" }, times: Number.POSITIVE_INFINITY, fault });
    await expect(stages.plan()).rejects.toThrow(/source of route audio/);
    expect(await states()).toEqual({ verified: 6 });
  });

  it("is empty though its objects are there takes nothing from the target, copies that were never verified included", async () => {
    await stages.plan();
    await stages.copy();
    proxy.faults.inject({
      match: { query: "list-type=2" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "rewrite", body: EMPTY },
    });
    expect(await stages.plan()).toMatchObject({ vanished: 6 });
    expect(await stages.copy()).toMatchObject({ removed: 0 });
    expect(Object.keys(await inventory(world.route.target)).toSorted()).toEqual([...keys].toSorted());

    proxy.faults.clear();
    await stages.plan();
    await stages.copy();
    await stages.verify();
    expect(await states()).toEqual({ verified: 6 });
  });
});

it("S3 an object that is deleted after it was copied, and before that was verified, leaves no copy; a verified copy stays", async () => {
  await stages.plan();
  await stages.copy();
  const [deleted = "", replaced = ""] = keys;
  await world.route.source.delete(deleted);
  await world.route.source.delete(replaced);
  await world.route.target.put(replaced, "somebody else's");
  await stages.plan();
  expect(await stages.copy()).toMatchObject({ removed: 1 });
  expect(await world.route.target.exists(deleted)).toBe(false);
  expect(await (await world.route.target.get(replaced)).text()).toBe("somebody else's");

  await stages.verify();
  const [, , later = ""] = keys;
  await world.route.source.delete(later);
  await stages.plan();
  expect(await stages.copy()).toMatchObject({ removed: 0 });
  expect(await world.route.target.exists(later)).toBe(true);
});
