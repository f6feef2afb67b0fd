import { readFileSync } from "node:fs";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reconcileObject } from "../src/decide/reconcile-object.ts";
import { cli } from "./cli.ts";
import { openWorld, seed, type World } from "./world.ts";

let world: World;
let app: SqliteDatabase.Database;
let keys: readonly string[];
beforeEach(async () => {
  world = await openWorld({ extra: { database: { url: "sqlite:app.db" } } });
  app = new SqliteDatabase(join(world.directory, "app.db"));
  app.exec("create table lectures (id integer primary key, audio_url text)");
  keys = await seed(world, 6);
});
afterEach(async () => {
  app.close();
  await world.close();
});

const args = (...command: string[]) => [...command, "--json", "--config", world.configFile];
const insert = (key: string): void => {
  app.prepare("insert into lectures (audio_url) values (?)").run(world.route.source.publicUrl(key));
};

describe("D16 scan --orphans", () => {
  it("names what database, ledger, source and target do not agree on", async () => {
    const [used = "", later = "", gone = "", lost = ""] = keys;
    for (const key of [used, later, gone, lost, "lectures/nowhere.mp3"]) insert(key);
    await cli(args("plan"));
    await cli(args("copy"));
    await world.route.source.delete(gone);
    await world.route.target.delete(later);
    await world.route.source.delete(lost);
    await world.route.target.delete(lost);
    await world.route.target.put("stray.mp3", new Uint8Array(3));

    const file = join(world.directory, "orphans.jsonl");
    const { code, summary } = await cli(args("scan", "--orphans", file));
    expect(code).toBe(0);
    expect(summary["counts"]).toMatchObject({
      references: 5,
      reconciliation: {
        agreed: 1,
        findings: { dangling: 2, "source-gone": 1, "not-copied": 1, orphan: 2, "target-only": 1 },
      },
    });
    const found = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { key: string; finding: string; references: number });
    expect(found).toContainEqual(expect.objectContaining({ key: "lectures/nowhere.mp3", finding: "dangling" }));
    expect(found).toContainEqual(expect.objectContaining({ key: later, finding: "not-copied", references: 1 }));
    expect(found).toContainEqual(expect.objectContaining({ key: "stray.mp3", finding: "target-only" }));
    expect(found.filter(({ finding }) => finding === "orphan").map(({ key }) => key)).toEqual(keys.slice(4));
  });

  it("refuses a file that cannot be written before the database is read, and leaves no part of one", async () => {
    await cli(args("plan"));
    const { events, summary } = await cli(args("scan", "--orphans", world.directory));
    expect(summary).toMatchObject({ exitCode: 2, error: { code: "PathIsFolder" } });
    expect(events.map(({ type }) => type)).toEqual(["error", "summary"]);
  });

  it("rewrite --limit says that it stopped, and that something may be left", async () => {
    for (const key of keys.slice(0, 3)) insert(key);
    for (const command of ["plan", "copy", "verify"]) await cli(args(command));
    expect((await cli(args("rewrite", "--apply", "--limit", "2"))).summary).toMatchObject({
      exitCode: 3,
      counts: { cellsRewritten: 2, isLimited: true },
    });
    expect((await cli(args("rewrite", "--apply", "--limit", "2"))).summary).toMatchObject({
      exitCode: 0,
      counts: { cellsRewritten: 1, isLimited: false },
    });
  });

  it("watch --once ends with 3 while old URLs are there, and with 0 when there are none", async () => {
    expect((await cli(args("watch", "--once"))).code).toBe(0);
    insert(keys[0] ?? "");
    const { code, events } = await cli(args("watch", "--once"));
    expect(code).toBe(3);
    expect(events).toContainEqual(
      expect.objectContaining({ type: "old-reference", key: keys[0], column: "audio_url" }),
    );
    expect((await cli(args("watch", "--once", "--table", "nothing"))).code).toBe(2);
  });
});

describe("reconcileObject", () => {
  const seen = (text: string) => ({
    referenced: text.includes("r"),
    recorded: text.includes("l"),
    atSource: text.includes("s"),
    atTarget: text.includes("t"),
  });
  it.each([
    ["rlst", undefined],
    ["rst", "not-recorded"],
    ["r", "dangling"],
    ["rl", "dangling"],
    ["rlt", "source-gone"],
    ["rls", "not-copied"],
    ["lst", "orphan"],
    ["s", "orphan"],
    ["lt", "target-only"],
    ["t", "target-only"],
    ["l", "recorded-only"],
  ] as const)("seen by %s (reference, ledger, source, target): %s", (where, finding) => {
    expect(reconcileObject(seen(where))).toBe(finding);
  });
});
