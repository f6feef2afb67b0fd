import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "./cli.ts";
import { content, inventory, openWorld, seed, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const run = (...args: string[]) => cli([...args, "--json", "--config", world.configFile]);

describe("a whole run", () => {
  it("moves everything with one GET and one PUT an object, verifies it by evidence, and proves it", async () => {
    const keys = await seed(world, 40);
    await world.route.source.put("folder/.emptyFolderPlaceholder", "");
    world.seen.source.length = 0;
    world.seen.target.length = 0;

    const result = await run("run", "--yes");
    expect(result.stderr).toBe("");
    expect(result.code).toBe(0);
    expect(result.summary).toMatchObject({ type: "summary", command: "run", exitCode: 0, interrupted: false });

    expect(world.count("source", "GetObject")).toBe(40);
    expect(world.count("target", "PutObject", 200)).toBe(40);
    expect(world.count("source", "HeadObject") + world.count("target", "HeadObject")).toBe(0);
    expect(world.count("target", "GetObject")).toBe(0);

    const copies = await inventory(world.route.target);
    expect(Object.keys(copies).sort()).toEqual([...keys].sort());
    for (const [i, key] of keys.entries()) {
      const copy = await world.route.target.get(key);
      expect(Buffer.from(await copy.bytes()).equals(content(i, i * 7))).toBe(true);
      expect(copy.info).toMatchObject({ contentType: "audio/mpeg", metadata: { lecture: String(i) } });
    }

    const evidence = result.events.find((event) => event.type === "evidence");
    const text = readFileSync(String(evidence?.["file"]));
    expect(createHash("sha256").update(text).digest("hex")).toBe(evidence?.["sha256"]);
    const lines = text
      .toString("utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ type: "header" });
    expect(lines.at(-2)).toMatchObject({ type: "summary", objects: { proved: 40, skipped: 1 }, problems: 0 });
    expect(lines.at(-1)).toMatchObject({ type: "seal", lines: lines.length - 1 });
    const first = lines.find((line) => line["key"] === keys[5]);
    expect(first).toMatchObject({
      proof: "proved",
      evidence: "put-checksum",
      sha256: createHash("sha256").update(content(5, 35)).digest("hex"),
    });
  });

  it("S9 copies and verifies an object without bytes like any other", async () => {
    await world.route.source.put("empty", "");
    expect((await run("run", "--yes")).code).toBe(0);
    expect(await world.route.target.head("empty")).toMatchObject({ size: 0 });
  });

  it("does nothing a second time", async () => {
    await seed(world, 10);
    await run("run", "--yes");
    world.seen.source.length = 0;
    world.seen.target.length = 0;
    const again = await run("run", "--yes");
    expect(again.code).toBe(0);
    expect(world.count("source", "GetObject")).toBe(0);
    expect(world.count("target", "PutObject")).toBe(0);
  });

  it("copies what changed, appeared and disappeared since, and nothing else", async () => {
    const keys = await seed(world, 10);
    await run("run", "--yes");
    await world.route.source.put(keys[3] ?? "", content(99, 21));
    await world.route.source.put("new.mp3", content(98, 5));
    await world.route.source.delete(keys[7] ?? "");
    await world.route.target.delete(keys[8] ?? "");
    world.seen.target.length = 0;

    const again = await run("run", "--yes");
    expect(again.code).toBe(0);
    expect(again.events).toContainEqual(
      expect.objectContaining({ type: "object", stage: "plan", key: keys[7], state: "vanished", reason: "not-listed" }),
    );
    expect(world.count("target", "PutObject", 200)).toBe(3);
    const copy = await world.route.target.get(keys[3] ?? "");
    expect(Buffer.from(await copy.bytes()).equals(content(99, 21))).toBe(true);
    // L11: what is gone at the source stays at the target until somebody says otherwise.
    expect(await world.route.target.exists(keys[7] ?? "")).toBe(true);
  });

  it("stops before copying where nobody can be asked, with the exit code of a gate", async () => {
    await seed(world, 3);
    const result = await run("run");
    expect(result.code).toBe(4);
    expect(result.summary).toMatchObject({ exitCode: 4, error: { code: "NotConfirmed" } });
    expect(world.count("target", "PutObject")).toBe(0);
  });

  it("streams a body that is larger than what is held in memory, and pins it to what was read", async () => {
    const large = content(1, 20_000_000);
    await world.route.source.put("large.wav", large, { contentType: "audio/wav" });
    const result = await run("run", "--yes");
    expect(result.code).toBe(0);
    const copy = await world.route.target.get("large.wav");
    expect(
      createHash("sha256")
        .update(await copy.bytes())
        .digest("hex"),
    ).toBe(createHash("sha256").update(large).digest("hex"));
  });
});

describe("the stages one by one", () => {
  it("each wait for the one before", async () => {
    await seed(world, 3);
    expect((await run("copy")).summary).toMatchObject({ exitCode: 4, error: { code: "GateClosed" } });
    expect((await run("plan")).code).toBe(0);
    expect((await run("verify")).summary).toMatchObject({
      exitCode: 4,
      error: { message: expect.stringContaining("3 objects not copied yet") },
    });
    expect((await run("copy")).code).toBe(0);
    expect((await run("prove")).code).toBe(4);
    expect((await run("verify")).code).toBe(0);
    expect((await run("prove")).code).toBe(0);
    const status = await run("status");
    expect(status.summary).toMatchObject({ exitCode: 0, counts: { verified: 3, planned: 0, failed: 0 } });
  });

  it("verify finds a copy that was lost, replaced or damaged, and copy repairs what is ours", async () => {
    const keys = await seed(world, 6);
    await run("run", "--yes");
    const [lost = "", replaced = ""] = keys.slice(3);
    await world.route.target.delete(lost);
    await world.route.target.put(replaced, "somebody else's");
    const verified = await run("verify");
    expect(verified.code).toBe(3);
    expect(verified.summary).toMatchObject({
      counts: { verified: 4, planAgain: { "target-lost": 1, "target-changed": 1 } },
    });
    expect((await run("prove")).code).toBe(4);

    const copied = await run("copy");
    expect(copied.code).toBe(3);
    expect(copied.events).toContainEqual(
      expect.objectContaining({ type: "object", key: replaced, state: "failed", code: "TargetOccupied" }),
    );
    // Somebody else's object is never replaced in silence; the user may give it up.
    expect(await (await world.route.target.get(replaced)).text()).toBe("somebody else's");
    expect((await run("plan", "--overwrite-target")).code).toBe(0);
    expect((await run("copy")).code).toBe(0);
    expect((await run("verify", "--deep")).summary).toMatchObject({
      exitCode: 0,
      counts: { byEvidence: { "both-read": 6 } },
    });
  });

  it("S4 verify finds a source that changed within a second and kept its size, by its listing alone", async () => {
    await seed(world, 2);
    await run("run", "--yes");
    const [key = ""] = Object.keys(await inventory(world.route.source)).slice(-1);
    await world.route.source.put(key, content(77, 7));
    const quick = await run("verify", "--quick");
    expect(quick.summary).toMatchObject({ exitCode: 3, counts: { planAgain: { "source-changed": 1 } } });
  });

  it("explain says what a URL is, and what it would become", async () => {
    const [key = ""] = await seed(world, 1);
    await run("run", "--yes");
    world.configure((config) => {
      Object.assign(config.routes[0]?.target ?? {}, { publicBaseUrl: "https://cdn.example.com" });
    });
    const url = world.route.source.publicUrl(key);
    const explained = await run("explain", url);
    expect(explained.events).toContainEqual(
      expect.objectContaining({ type: "explanation", route: "audio", side: "source", key, state: "verified" }),
    );
    const foreign = await run("explain", "https://example.com/x");
    expect(foreign.events).toContainEqual(expect.objectContaining({ verdict: "It is no URL of any route." }));
  });

  it("doctor and setup say what is there, and setup makes a target that is missing", async () => {
    world.configure((config) => {
      Object.assign(config.routes[0]?.target ?? {}, { bucket: "not-there-yet" });
      config.ledger = "sqlite:other.db";
    });
    const sick = await run("doctor");
    expect(sick.events).toContainEqual(
      expect.objectContaining({ type: "finding", subject: "audio target", id: "bucket", level: "warning" }),
    );
    const asked = await run("setup");
    expect(asked.code).toBe(4);
    expect(asked.events).toContainEqual(
      expect.objectContaining({ type: "step", done: false, bucket: "not-there-yet" }),
    );
    expect((await run("setup", "--yes")).code).toBe(0);
    const well = await run("doctor", "--write");
    expect(well.summary).toMatchObject({ exitCode: 0, counts: { error: 0 } });
  });

  it("doctor calls a source without its bucket an error: nothing here would make it", async () => {
    world.configure((config) => {
      Object.assign(config.routes[0]?.source ?? {}, { bucket: "not-there" });
      config.ledger = "sqlite:other.db";
    });
    const sick = await run("doctor");
    expect(sick.code).toBe(3);
    expect(sick.events).toContainEqual(
      expect.objectContaining({ type: "finding", subject: "audio source", id: "bucket", level: "error" }),
    );
  });
});
