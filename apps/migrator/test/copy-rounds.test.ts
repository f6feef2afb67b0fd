import { afterEach, beforeEach, expect, it } from "vitest";
import { cli } from "./cli.ts";
import { content, inventory, openWorld, seed, type World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

it("copy --plan is one command from an empty ledger: two requests an object, one listing a side", async () => {
  await seed(world, 30);
  world.seen.source.length = 0;
  world.seen.target.length = 0;
  const { code, summary, stderr } = await cli(["copy", "--plan", "-c", world.configFile, "--json"]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(summary["counts"]).toMatchObject({ copied: 30, failed: 0, rounds: 1 });
  expect(world.count("source", "GetObject")).toBe(30);
  expect(world.count("target", "PutObject")).toBe(30);
  expect(world.count("source", "ListObjectsV2")).toBe(1);
  expect(world.count("target", "ListObjectsV2")).toBe(1);
  expect(world.count("source", "HeadObject") + world.count("target", "HeadObject")).toBe(0);
}, 120_000);

it("copy --until-quiet goes on until nothing has changed since the last listing", async () => {
  await seed(world, 10);
  let changes = 2;
  let writing = Promise.resolve();
  world.onSeen = (side, { operation }) => {
    if (side !== "target" || operation !== "PutObject" || changes === 0) return;
    const number = changes--;
    writing = writing.then(async () => {
      await world.route.source.put(`late ${number}`, content(number, 100));
    });
  };
  const { code, summary, stderr } = await cli(["copy", "--until-quiet", "-c", world.configFile, "--json"]);
  await writing;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(summary["counts"]).toMatchObject({ copied: 12, failed: 0 });
  expect(await inventory(world.route.target)).toEqual(await inventory(world.route.source));
}, 120_000);
