import { parseConfig } from "@bucketferry/config";
import { openLedger } from "@bucketferry/ledger";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ledgerPath } from "../../src/session.ts";
import { cli, startCli } from "../cli.ts";
import { content, openWorld, seed, type World } from "../world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const args = (...command: string[]) => [...command, "--json", "--config", world.configFile];

/** The ledger, as somebody on another machine opens it when the owner has given no sign of life for two minutes. */
async function takeOver() {
  const config = await parseConfig(JSON.parse(readFileSync(world.configFile, "utf8")), world.configFile);
  return openLedger({
    path: ledgerPath(config),
    routes: config.routes.map(({ name, source, target }) => ({
      name,
      sourceIdentity: source.identity,
      targetIdentity: target.identity,
    })),
    mode: "write",
    command: "verify",
    version: "0",
    owner: { host: "elsewhere", hostIdentity: "another machine", pid: 1, processStart: "then" },
    now: () => Date.now() + 120_000,
  });
}

it("L5 an owner that was paused while somebody else took the ledger over ends when it wakes, and has changed nothing there", async () => {
  const keys = await seed(world, 12);
  expect((await cli(args("plan"))).code).toBe(0);
  const sleeper = startCli(args("copy", "--bandwidth", "40"));
  const firstPut = Promise.withResolvers<void>();
  world.onSeen = (_, { operation }) => {
    if (operation !== "PutObject") return;
    world.onSeen = () => undefined;
    sleeper.child.kill("SIGSTOP");
    firstPut.resolve();
  };
  await firstPut.promise;
  const heir = await takeOver();
  try {
    expect(heir.taken).toBe("lease-over");
    const before = await heir.objects.countByReason(["planned", "copied"]);
    sleeper.child.kill("SIGCONT");
    const { code, summary } = await sleeper.result;
    expect({ code, summary }).toMatchObject({ code: 1, summary: { exitCode: 1, error: { code: "LedgerLost" } } });
    expect(await heir.objects.countByReason(["planned", "copied"])).toEqual(before);
  } finally {
    await heir.close();
  }
  expect((await cli(args("run", "--yes"))).code).toBe(0);
  for (const [i, key] of keys.entries()) {
    const copy = await world.route.target.get(key);
    expect(Buffer.from(await copy.bytes()).equals(content(i, i * 7))).toBe(true);
  }
}, 240_000);
