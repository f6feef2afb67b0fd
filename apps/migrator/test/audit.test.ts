import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isIncluded } from "../src/evidence/merkle-tree.ts";
import { cli, type CliResult } from "./cli.ts";
import { openStages } from "./in-process.ts";
import { openWorld, seed, type World } from "./world.ts";

// Each call of the command line is a process of its own, and a machine may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** One move, proved once; what is changed afterwards is put back. */
let world: World;
let keys: string[];
let evidence: string;
let root: string;
beforeAll(async () => {
  world = await openWorld();
  keys = await seed(world, 30);
  await world.route.source.put("folder/.emptyFolderPlaceholder", "");
  for (const command of ["plan", "copy", "verify"]) await run(command);
  evidence = join(world.directory, "evidence.jsonl");
  const proved = await run("prove", "--deep", "--out", evidence);
  if (proved.code !== 0) throw new Error(proved.stdout);
  root = String(proved.events.find((event) => event.type === "evidence")?.["root"]);
});
afterAll(() => world.close());

const run = (...args: string[]): Promise<CliResult> => cli([...args, "--json", "--config", world.configFile]);
/** On a machine that has the file and nothing else. */
const alone = (...args: string[]): Promise<CliResult> => cli(["audit", ...args, "--json"], { cwd: world.directory });

async function withOther(key: string, bytes: string, work: () => Promise<void>): Promise<void> {
  const before = await (await world.route.target.get(key)).bytes();
  await world.route.target.put(key, bytes);
  try {
    await work();
  } finally {
    await world.route.target.put(key, before);
  }
}

describe("an evidence file", () => {
  it("holds for every object key, size, SHA-256, both ETags, time and kind of evidence, and no secret", async () => {
    const lines = readFileSync(evidence, "utf8").trimEnd().split("\n");
    const first = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ key }) => key === keys[7]);
    expect(first).toMatchObject({
      type: "object",
      route: "audio",
      key: keys[7],
      targetKey: keys[7],
      size: 49,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      sourceEtag: (await world.route.source.head(keys[7] ?? "")).etag,
      targetEtag: (await world.route.target.head(keys[7] ?? "")).etag,
      verifiedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      evidence: "read-back",
      // The bytes that were read at the target are the ones that the source itself names.
      isSourceMd5: true,
      proof: "proved",
    });
    expect(lines.join()).not.toContain(world.source.credentials.secretAccessKey);
    expect(lines.join()).not.toContain(world.target.credentials.secretAccessKey);
  });

  it("is checked on a machine that has nothing but the file", async () => {
    const result = await alone("evidence.jsonl", "--root", root);
    expect(result.code).toBe(0);
    expect(result.summary).toMatchObject({ counts: { proved: 30, problems: 0, root } });
  });

  it("with another root than the one that was kept is refused", async () => {
    const result = await alone("evidence.jsonl", "--root", "0".repeat(64));
    expect(result.summary).toMatchObject({ exitCode: 2, error: { code: "OtherRoot" } });
  });

  it("that was changed, or is not there, is refused, and the line is said", async () => {
    const bytes = readFileSync(evidence);
    const changed = join(world.directory, "changed.jsonl");
    const place = bytes.indexOf("0012 ");
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    writeFileSync(changed, bytes);
    const line = bytes.subarray(0, place).toString("latin1").split("\n").length;
    expect((await alone(changed)).summary).toMatchObject({
      exitCode: 2,
      error: { code: "EvidenceDamaged", message: expect.stringContaining(`Line ${line} `) },
    });
    expect((await alone("nowhere.jsonl")).summary).toMatchObject({ exitCode: 2, error: { code: "NoEvidence" } });
    expect((await alone(".")).summary).toMatchObject({ exitCode: 2, error: { code: "NoEvidence" } });
  });

  it("shows that it includes an object, to somebody who has only its line and the root", async () => {
    const result = await alone("evidence.jsonl", "--key", keys[11] ?? "");
    const event = result.events.find(({ type }) => type === "inclusion") as unknown as {
      leaf: string;
      leafIndex: number;
      treeSize: number;
      path: string[];
      root: string;
    };
    expect(JSON.parse(event.leaf)).toMatchObject({ key: keys[11] });
    const path = event.path.map((hash) => Buffer.from(hash, "hex"));
    const proof = { ...event, leaf: Buffer.from(event.leaf), path, root: Buffer.from(root, "hex") };
    expect(isIncluded(proof)).toBe(true);
    expect((await alone("evidence.jsonl", "--key", "nobody")).summary).toMatchObject({
      exitCode: 2,
      error: { code: "NoSuchKey" },
    });
  });
});

describe("audit with a configuration", () => {
  const audit = (...args: string[]): Promise<CliResult> => run("audit", evidence, ...args);

  it("reads every object again, at the target and if asked at the source, without any ledger", async () => {
    world.configure((config) => {
      config.ledger = "sqlite:nobody-made-this.db";
    });
    world.seen.target.length = 0;
    const result = await audit("--source");
    expect(result.code).toBe(0);
    expect(result.summary).toMatchObject({
      counts: { objects: 30, target: { equal: 30, changed: 0 }, source: { equal: 30 } },
    });
    expect(world.count("target", "GetObject")).toBe(30);
    expect(world.seen.target.every(({ operation }) => operation === "GetObject")).toBe(true);
  });

  it("finds what was changed or lost since, and says which", async () => {
    const [changed = "", lost = ""] = keys.slice(20);
    const before = await (await world.route.target.get(lost)).bytes();
    await world.route.target.delete(lost);
    await withOther(changed, "other bytes", async () => {
      const result = await audit();
      expect(result.code).toBe(3);
      expect(result.summary).toMatchObject({ counts: { target: { equal: 28, changed: 1, lost: 1 } } });
      const named = result.events.filter(({ type }) => type === "audited");
      expect(named.map(({ key, status, side }) => `${String(side)}: ${String(key)} ${String(status)}`)).toEqual(
        expect.arrayContaining([`target: ${changed} changed`, `target: ${lost} lost`]),
      );
      expect(named).toHaveLength(2);
      const quick = await audit("--quick");
      expect(quick.summary).toMatchObject({
        exitCode: 3,
        counts: { bytesRead: 0, target: { equal: 28, changed: 1, lost: 1 } },
      });
      expect((await audit("--key", keys[3] ?? "")).summary).toMatchObject({ exitCode: 0, counts: { objects: 1 } });
      expect((await audit("--key", changed)).summary).toMatchObject({ exitCode: 3, counts: { objects: 1 } });
    });
    await world.route.target.put(lost, before);
    expect((await audit()).code).toBe(0);
  });

  it("reads a share of them, the same for the same seed", async () => {
    const objectsOf = async (seedText: string): Promise<unknown> =>
      (await audit("--sample", "30%", "--seed", seedText)).summary["counts"];
    const one = (await objectsOf("a")) as { objects: number };
    expect(one.objects).toBeGreaterThan(0);
    expect(one.objects).toBeLessThan(30);
    expect(await objectsOf("a")).toMatchObject({ objects: one.objects });
  });

  it("goes on at another place that holds the objects, and says so", async () => {
    const { source } = world;
    world.configure((config) => {
      Object.assign(config.routes[0]?.target ?? {}, {
        endpoint: source.url,
        bucket: "old-files",
        accessKeyId: source.credentials.accessKeyId,
        secretAccessKey: source.credentials.secretAccessKey,
      });
    });
    const result = await audit();
    expect(result.code).toBe(0);
    expect(result.events).toContainEqual(expect.objectContaining({ type: "warning", code: "OtherTarget" }));
    world.configure((config) => {
      if (config.routes[0] !== undefined) config.routes[0].name = "other";
    });
    expect((await audit()).summary).toMatchObject({ exitCode: 2, error: { code: "NoSuchRoute" } });
    world.configure(() => undefined);
  });
});

describe("L10 the report", () => {
  it("lists what failed first, then what is not verified yet, and says complete only when nothing is left", async () => {
    const own = await openWorld();
    const stages = await openStages(own);
    const report = (): Promise<CliResult> => cli(["report", "--json", "--config", own.configFile]);
    try {
      await seed(own, 4);
      await own.route.source.put("zz-taken", "ours");
      await own.route.target.put("zz-taken", "theirs");
      await stages.plan();
      await stages.copy();
      const early = await report();
      expect(early.summary).toMatchObject({
        exitCode: 3,
        counts: { failed: 1, copied: 4, verified: 0, complete: false },
      });
      const listed = early.events.filter(({ type }) => type === "object");
      expect(listed[0]).toMatchObject({ key: "zz-taken", state: "failed", code: "TargetOccupied" });
      expect(listed.slice(1).map(({ state, reason }) => `${String(state)} ${String(reason)}`)).toEqual(
        Array.from({ length: 4 }, () => "copied not-verified"),
      );

      await own.route.target.delete("zz-taken");
      await stages.plan();
      await stages.copy();
      await stages.verify();
      expect((await report()).summary).toMatchObject({ exitCode: 0, counts: { verified: 5, complete: true } });

      await own.route.target.put("zz-taken", "them");
      expect(await stages.verify()).toMatchObject({ troubles: 1 });
      expect((await report()).summary).toMatchObject({ exitCode: 3, counts: { planned: 1, complete: false } });
    } finally {
      await stages.close();
      await own.close();
    }
  });
});
