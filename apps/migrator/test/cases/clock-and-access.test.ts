import { s3Server } from "@bucketferry/local-servers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cli } from "../cli.ts";
import { openWorld, seed, type World } from "../world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const run = (...args: string[]) => cli([...args, "--json", "--config", world.configFile]);

it("S14 a clock that is wrong by twenty minutes is named by doctor, with its fix, and stops no copy where it can be made up for", async () => {
  const late = await s3Server({ clock: () => Date.now() + 20 * 60_000 });
  try {
    await seed(world, 3);
    world.configure((config) => {
      Object.assign(config.routes[0]?.target ?? {}, { endpoint: late.url });
    });
    expect((await run("setup", "--yes")).code).toBe(0);
    const { events } = await run("doctor");
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "finding",
        subject: "audio target",
        id: "clock",
        level: "warning",
        // The service tells whole seconds, and the way here takes some time.
        message: expect.stringMatching(/1(19|20)\d s off/),
        fix: expect.stringContaining("NTP"),
      }),
    );
    expect((await run("run", "--yes")).code).toBe(0);
  } finally {
    await late.close();
  }
}, 240_000);

it("S24 nothing becomes public on its way: a stranger who asks for a copy, or for the list of them, is refused", async () => {
  const [key = ""] = await seed(world, 2);
  expect((await run("setup", "--yes")).code).toBe(0);
  expect((await run("run", "--yes")).code).toBe(0);
  const stranger = await fetch(`${world.target.url}/new-files/${encodeURIComponent(key).replaceAll("%2F", "/")}`);
  expect(stranger.status).toBe(403);
  expect((await fetch(`${world.target.url}/new-files?list-type=2`)).status).toBe(403);
}, 240_000);
