import { afterEach, beforeEach, expect, it } from "vitest";
import { cli, type CliResult } from "./cli.ts";
import { openStages } from "./in-process.ts";
import { openWorld, seed, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const run = (...args: string[]): Promise<CliResult> => cli([...args, "--json", "-c", world.configFile]);

it("a plan of an empty source closes the gates, and says that nothing was found instead of nothing planned", async () => {
  expect((await run("verify")).summary).toMatchObject({
    exitCode: 4,
    error: { message: expect.stringContaining("nothing is planned yet"), hint: "Run `bucketferry plan` first." },
  });
  expect(await run("report")).toMatchObject({ code: 3, summary: { counts: { plan: "none", complete: false } } });
  expect((await run("plan")).code).toBe(0);
  expect((await run("copy")).summary).toMatchObject({
    exitCode: 4,
    error: { message: expect.stringContaining("the plan found no objects"), hint: expect.stringContaining("prefix") },
  });
  expect(await run("report")).toMatchObject({ code: 3, summary: { counts: { plan: "finished", complete: false } } });
});

it("nothing is called complete after a plan that was not finished, whatever was verified before", async () => {
  await seed(world, 3);
  for (const command of ["plan", "copy", "verify"]) expect((await run(command)).code).toBe(0);
  expect(await run("report")).toMatchObject({ code: 0, summary: { counts: { complete: true } } });

  // As a run leaves it that was killed while it planned.
  const stages = await openStages(world);
  await stages.ledger.events.note({ level: "info", type: "plan-started" });
  await stages.ledger.close();

  expect(await run("report")).toMatchObject({ code: 3, summary: { counts: { plan: "unfinished", complete: false } } });
  expect((await run("status")).summary).toMatchObject({ counts: { verified: 3, plan: "unfinished" } });
});
