import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { selectionOf, type Selection } from "@bucketferry/config";
import { keyGlob } from "@bucketferry/storage-core";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { readManifest } from "../src/listing/manifest.ts";
import { cli, startCli } from "./cli.ts";
import { openStages, type Stages } from "./in-process.ts";
import { openWorld, seed, type World } from "./world.ts";

let world: World;
let stages: Stages;
beforeEach(async () => {
  world = await openWorld();
  stages = await openStages(world);
});
afterEach(async () => {
  await stages.close();
  await world.close();
});

const source = () => world.route.source;
const target = () => world.route.target;
const put = (keys: readonly string[]) => Promise.all(keys.map((key) => source().put(key, `bytes of ${key}`)));
const selecting = (fields: Partial<Selection>) => ({
  selections: new Map([["audio", { ...selectionOf({}, {}), ...fields }]]),
});
const globs = (...patterns: string[]) => patterns.map(keyGlob);
/** Key → state, with the reason where there is one. */
async function states(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { key, state, reason } of stages.ledger.objects.walk({ route: "audio" })) {
    found[key] = reason === null ? state : `${state} ${reason}`;
  }
  return found;
}

describe("a plan of what has not changed", () => {
  it("costs listings only: one request a side for a thousand objects, no HEAD, nothing written to the ledger", async () => {
    await seed(world, 40);
    await stages.plan();
    await stages.copy();
    await stages.verify();
    const stamps = async () => Array.fromAsync(stages.ledger.objects.walk({ route: "audio" }), (one) => one.updatedAt);
    const before = await stamps();
    world.seen.source.length = 0;
    world.seen.target.length = 0;
    expect(await stages.plan()).toMatchObject({ kept: 40, toCopy: { objects: 0 }, forecast: { requests: 0 } });
    expect(world.seen.source.map((one) => one.operation)).toEqual(["ListObjectsV2"]);
    expect(world.seen.target.map((one) => one.operation)).toEqual(["ListObjectsV2"]);
    expect(await stamps()).toEqual(before);
  });

  it("S16 sees what comes and goes while the listing is under way at the next plan", async () => {
    await put(["a", "b", "c"]);
    let late: Promise<unknown> | undefined;
    world.onSeen = (side, { operation }) => {
      if (side === "source" && operation === "ListObjectsV2") late ??= source().put("late", "x");
    };
    await stages.plan();
    await late;
    await source().delete("b");
    expect(await stages.plan()).toMatchObject({ vanished: 1 });
    expect(await states()).toEqual({
      a: "planned missing",
      b: "vanished not-listed",
      c: "planned missing",
      late: "planned missing",
    });
  });
});

describe("a selection", () => {
  it("S17 takes up what it includes and not what only begins alike, and counts the others as skipped with a reason", async () => {
    await put(["img/a", "img/b.tmp", "img2/a", "img"]);
    const summary = await stages.plan(selecting({ include: globs("img/**"), exclude: globs("**/*.tmp") }));
    expect(summary).toMatchObject({ toCopy: { objects: 1 }, skipped: 3, vanished: 0 });
    expect(await states()).toEqual({
      "img/a": "planned missing",
      "img/b.tmp": "skipped excluded",
      "img2/a": "skipped not-included",
      img: "skipped not-included",
    });
    await stages.copy();
    expect(await Array.fromAsync(target().list())).toHaveLength(1);
  });

  it("looks at size and time, and leaves out what has no time where one is asked for", async () => {
    await source().put("small", "1");
    await source().put("middle", "12345");
    await source().put("large", "1234567890");
    await stages.plan(selecting({ minSizeBytes: 2, maxSizeBytes: 5 }));
    expect(await states()).toEqual({
      large: "skipped above-max-size",
      middle: "planned missing",
      small: "skipped below-min-size",
    });
    await stages.plan(selecting({ modifiedAfter: new Date("2100-01-01") }));
    expect(new Set(Object.values(await states()))).toEqual(new Set(["skipped modified-before"]));
    await stages.plan(selecting({ modifiedBefore: new Date("2000-01-01") }));
    expect(new Set(Object.values(await states()))).toEqual(new Set(["skipped modified-after"]));
  });

  it("can be changed: the next plan takes objects in and out, and asks for no byte that is at the target already", async () => {
    await put(["a/1", "b/1"]);
    await stages.plan(selecting({ include: globs("a/**") }));
    await stages.plan(selecting({ include: globs("b/**") }));
    expect(await states()).toEqual({ "a/1": "skipped not-included", "b/1": "planned missing" });
    await stages.copy();
    expect(await stages.plan()).toMatchObject({ toCopy: { objects: 1 }, kept: 1 });
    expect(await states()).toEqual({ "a/1": "planned missing", "b/1": "copied" });
  });

  it("undoes nothing: what was copied stays, until it changes; then it is skipped, and its copy is left alone", async () => {
    await put(["a", "b"]);
    await stages.plan();
    await stages.copy();
    await stages.verify();
    const without = selecting({ exclude: globs("*") });
    expect(await stages.plan(without)).toMatchObject({ kept: 2, skipped: 0 });
    await source().put("a", "newer");
    expect(await stages.plan(without)).toMatchObject({ kept: 1, skipped: 1, toCopy: { objects: 0 } });
    expect(await states()).toEqual({ a: "skipped excluded", b: "verified" });
    expect(await (await target().get("a")).text()).toBe("bytes of a");
    // Taken in again, it is known what lies there, and that it is old.
    await stages.plan();
    expect(await states()).toEqual({ a: "planned source-changed", b: "verified" });
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
    expect(await (await target().get("a")).text()).toBe("newer");
  });

  it("does not hide that an object is gone", async () => {
    await put(["a", "b"]);
    await stages.plan(selecting({ exclude: globs("a") }));
    await source().delete("a");
    expect(await stages.plan(selecting({ exclude: globs("a") }))).toMatchObject({ vanished: 1 });
  });
});

describe("a manifest", () => {
  const never = new AbortController().signal;
  const manifestOf = (name: string, text: string) => {
    const file = join(world.directory, name);
    writeFileSync(file, text);
    return readManifest(file, { routes: ["audio"], signal: never });
  };

  it.each([
    ["keys.txt", '\ufeffb 1\r\n\nmissing\r\na,"x\nb 1'],
    ["keys.jsonl", '{"key":"b 1","size":3}\n\n{"key":"missing"}\n{"key":"a,\\"x","route":"audio"}\n'],
    ["keys.csv", 'size,key,route\r\n1,b 1,\r\n2,"a,""x",audio\r\n3,missing,audio\r\n'],
  ])(
    "names what is taken up, as %s; the others are skipped, and keys that the source lacks are said",
    async (name, text) => {
      await put(['a,"x', "b 1", "c"]);
      const manifest = await manifestOf(name, text);
      world.seen.source.length = 0;
      expect(await stages.plan({ manifest })).toMatchObject({ toCopy: { objects: 2 }, skipped: 1, onlyInManifest: 1 });
      manifest.close();
      expect(await states()).toEqual({
        'a,"x': "planned missing",
        "b 1": "planned missing",
        c: "skipped not-in-manifest",
      });
      expect(stages.events).toContainEqual(
        expect.objectContaining({ type: "object", key: "missing", state: "absent", reason: "only-in-manifest" }),
      );
      expect(world.seen.source.map((one) => one.operation)).toEqual(["ListObjectsV2"]);
    },
  );

  it("L9 may be of any length: keys come sorted as bytes are, each once", async () => {
    const keys = Array.from({ length: 2_500 }, (_, i) => `k${(i * 7_919) % 2_000}`);
    const manifest = await manifestOf("many.txt", [...keys, "\u{1f389}", "\uffff"].join("\n"));
    const side = manifest.side({ name: "audio", targetKey: (key) => key });
    const sorted = (await Array.fromAsync(side.pages)).flat();
    manifest.close();
    expect(sorted).toEqual([...[...new Set(keys)].sort(), "\uffff", "\u{1f389}"]);
  });

  it.each([
    ["a.jsonl", '{"key":"a"}\nnonsense', "line 2 is not JSON"],
    ["a.jsonl", '{"name":"a"}', "line 1 has no key"],
    ["a.jsonl", '{"key":"a","route":"other"}', 'line 1 names the route "other"; there are: audio'],
    ["a.csv", "name\na\n", 'the first line names no column "key"'],
    ["a.csv", 'key\n"a\n', "Quote"],
  ])("that cannot be understood is refused with the place: %s %j", async (name, text, problem) => {
    await expect(manifestOf(name, text)).rejects.toMatchObject({
      code: "Manifest",
      exitCode: 2,
      message: expect.stringContaining(problem),
    });
  });

  it("of several routes has to name them", async () => {
    const file = join(world.directory, "keys.txt");
    writeFileSync(file, "a\n");
    await expect(readManifest(file, { routes: ["one", "two"], signal: never })).rejects.toMatchObject({
      message: expect.stringContaining("line 1 names no route, and there are several: one, two"),
    });
  });

  it("that names no key is refused, since a failed command before the pipe looks the same", async () => {
    await expect(manifestOf("none.txt", "\n")).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("it names no key"),
    });
  });

  it("that nobody writes to stdin is waited for no longer than until Ctrl-C", async () => {
    await stages.ledger.close();
    const { child, result } = startCli(["plan", "-c", world.configFile, "--json", "--manifest", "-"], {
      stdin: "pipe",
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.stdout?.once("data", () => child.kill("SIGINT"));
    expect(await result).toMatchObject({ code: 130, summary: { type: "summary", interrupted: true } });
  });

  it("that is not there is an error of usage", async () => {
    await expect(
      readManifest(join(world.directory, "none"), { routes: ["audio"], signal: never }),
    ).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining("does not exist") });
  });
});

describe("obstacles in a plan", () => {
  it("S19 S20 lists keys that the target cannot take, and takes every other key, however strange", async () => {
    const strange = ["a+b", "a b", "a%2Fb", "a?x=1", "a#b", "a&b", "a//b", "ü", "💾"];
    const long = "x".repeat(1_024);
    await put([...strange, long]);
    const refusing = {
      ...stages.context,
      routes: stages.context.routes.map((route) => ({
        ...route,
        target: {
          ...route.target,
          capabilities: { ...route.target.capabilities, keys: { ...route.target.capabilities.keys, maxBytes: 100 } },
        },
      })),
    };
    Object.assign(stages.context, { routes: refusing.routes });
    expect(await stages.plan()).toMatchObject({ toCopy: { objects: strange.length }, refused: 1 });
    expect((await states())[long]).toBe("failed key-refused");
    expect(await stages.copy()).toMatchObject({ copied: strange.length, failed: 0 });
    for (const key of strange) expect(await (await target().get(key)).text()).toBe(`bytes of ${key}`);
  });

  it("S5 refuses twins where the target cannot tell them apart, unless one of them is left out", async () => {
    await put(["a.png", "A.png", "b.png"]);
    const [route] = stages.context.routes;
    if (route === undefined) throw new Error("no route");
    const { capabilities } = route.target;
    const blind = { ...capabilities, keys: { ...capabilities.keys, caseSensitive: false } };
    Object.assign(stages.context, { routes: [{ ...route, target: { ...route.target, capabilities: blind } }] });
    expect(await stages.plan()).toMatchObject({ twins: 1, refused: 2, toCopy: { objects: 1 } });
    expect(await stages.plan(selecting({ exclude: globs("A*") }))).toMatchObject({
      twins: 0,
      refused: 0,
      toCopy: { objects: 2 },
    });
  });

  it("S5 refuses two Unicode forms of one key where the target takes them for one, and letters of two cases stay apart", async () => {
    const [composed = "", decomposed = ""] = ["NFC", "NFD"].map((form) => "caf\u00e9.mp3".normalize(form));
    await put([composed, decomposed, "a.png", "A.png", "na\u0131ve".normalize("NFD")]);
    const [route] = stages.context.routes;
    if (route === undefined) throw new Error("no route");
    const { capabilities } = route.target;
    const like = { ...capabilities, keys: { ...capabilities.keys, unicodeForms: "same" } };
    Object.assign(stages.context, { routes: [{ ...route, target: { ...route.target, capabilities: like } }] });
    expect(await stages.plan()).toMatchObject({ twins: 2, refused: 2, toCopy: { objects: 3 } });
    const found = await states();
    expect([found[composed], found[decomposed]]).toEqual(["failed key-twin", "failed key-twin"]);
  });

  it("S28 leaves out what is archived, says so, and copies it when somebody restored it; a copy from before stays", async () => {
    await put(["a", "b"]);
    await stages.plan();
    await stages.copy();
    await stages.verify();
    await archive("a");
    await archive("cold");
    const summary = await stages.plan();
    expect(summary.actions).toContainEqual(expect.objectContaining({ action: "skip", reason: "archived", objects: 1 }));
    // Its ETag is as it was: what moved to the archive is what was copied.
    expect(await states()).toEqual({ a: "verified", b: "verified", cold: "skipped archived" });
    await stages.plan({ archived: "copy" });
    expect((await states())["cold"]).toBe("planned missing");
    expect(await stages.copy()).toMatchObject({ failed: 1 });
    expect((await stages.ledger.objects.find("audio", ["cold"])).get("cold")).toMatchObject({
      errorCode: "Unsupported",
      errorMessage: expect.stringContaining("archived"),
    });
  });

  /** The contract does not put into archives; lifecycle rules do. */
  async function archive(key: string): Promise<void> {
    const { S3Client, PutObjectCommand } = await import("@aws-sdk/client-s3");
    const s3 = new S3Client({
      endpoint: world.source.url,
      region: world.source.region,
      credentials: world.source.credentials,
      forcePathStyle: true,
    });
    const Bucket = "old-files";
    await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: `bytes of ${key}`, StorageClass: "GLACIER" }));
    s3.destroy();
  }
});

describe("headers and metadata", () => {
  it("S7 S22 S23 all five headers and the user metadata go along, and a gzip body stays as it is", async () => {
    const { gzipSync } = await import("node:zlib");
    const bytes = gzipSync("hello".repeat(100));
    const stored = {
      contentType: "text/plain; charset=utf-8",
      cacheControl: "max-age=60",
      contentDisposition: 'attachment; filename="a.txt"',
      contentEncoding: "gzip",
      contentLanguage: "de",
      metadata: { owner: "me", lecture: "7" },
    };
    await source().put("a", bytes, stored);
    await stages.plan();
    await stages.copy();
    const copied = await target().get("a");
    expect(copied.info).toMatchObject({ ...stored, size: bytes.length });
    expect(Buffer.from(await copied.bytes()).equals(bytes)).toBe(true);
  });

  it("S22 what the target cannot hold is kept in the ledger, or fails the object, as the policy says", async () => {
    const { metadata } = target().capabilities;
    const [route] = stages.context.routes;
    if (route === undefined) throw new Error("no route");
    const capabilities = { ...route.target.capabilities, metadata: { ...metadata, maxBytes: 8 } };
    Object.assign(stages.context, { routes: [{ ...route, target: { ...route.target, capabilities } }] });
    await source().put("a", "1", { metadata: { description: "a long one" } });
    await source().put("b", "2", { metadata: { n: "1" } });
    await stages.plan();
    expect(await stages.copy({ metadata: "fail" })).toMatchObject({ copied: 1, failed: 1, notCarried: 0 });
    expect(await target().exists("a")).toBe(false);
    const record = async () => (await stages.ledger.objects.find("audio", ["a"])).get("a");
    expect(await record()).toMatchObject({
      state: "failed",
      errorCode: "Unsupported",
      errorMessage: expect.stringContaining('The target cannot hold metadata "description" as the source has it.'),
    });
    await stages.plan();
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0, notCarried: 1 });
    expect((await record())?.notCarried).toEqual({ metadata: { description: "a long one" } });
    expect(await stages.ledger.objects.notCarried({ route: "audio", limit: 5 })).toMatchObject([{ key: "a" }]);
    expect(await stages.ledger.objects.notCarried({ route: "audio", limit: 5, after: "a" })).toEqual([]);
    expect(await stages.ledger.objects.countNotCarried("audio")).toBe(1);
  });

  it("S23 a type that says nothing is filled in by the ending when asked for; one that says something stays", async () => {
    await source().put("a.mp3", "1");
    await source().put("b.mp3", "2", { contentType: "application/octet-stream" });
    await source().put("c.mp3", "3", { contentType: "text/plain" });
    await source().put("d.unheard-of", "4");
    await stages.plan();
    await stages.copy({ contentType: "repair" });
    const types = Object.fromEntries(
      await Promise.all(
        ["a.mp3", "b.mp3", "c.mp3", "d.unheard-of"].map(async (key) => [key, (await target().head(key)).contentType]),
      ),
    );
    expect(types).toEqual({
      "a.mp3": "audio/mpeg",
      "b.mp3": "audio/mpeg",
      "c.mp3": "text/plain",
      "d.unheard-of": "application/octet-stream",
    });
  });
});

describe("the order of copying", () => {
  it.each([
    ["-size", "large middle small"],
    ["size", "small middle large"],
    ["key", "large middle small"],
  ] as const)("by %s is %s", async (order, expected) => {
    await source().put("small", "1");
    await source().put("middle", "12345");
    await source().put("large", "1234567890");
    await stages.plan();
    const opened: string[] = [];
    stages.afterOpen = (key) => {
      opened.push(key);
      return Promise.resolve();
    };
    await stages.copy({ order, concurrency: 1 });
    expect(opened.join(" ")).toBe(expected);
  });
});

describe("a forecast", () => {
  it("tells how many requests the copy of a small and of a large object will make", async () => {
    await source().put("small", "bytes");
    await source().put("large", new Uint8Array(20 * 1024 * 1024).fill(7));
    const { forecast } = await stages.plan();
    world.seen.source.length = 0;
    world.seen.target.length = 0;
    await stages.copy();
    const made = [...world.seen.source, ...world.seen.target].map(({ operation }) => operation);
    const transfers = made.filter((operation) => operation?.startsWith("List") === false);
    // To tell a missing object from a missing bucket, and to learn the ETag of an upload, this service is asked once more.
    expect(transfers).toHaveLength(forecast.requests + 2);
  });
});

describe("the command line", () => {
  it("takes a selection, a manifest on stdin's behalf and a rate, and says what it makes of them", async () => {
    await put(["audio/a.mp3", "audio/b.tmp", "video/a.mp4"]);
    await stages.ledger.close();
    const manifest = join(world.directory, "keys.csv");
    writeFileSync(manifest, "key\naudio/a.mp3\naudio/b.tmp\nnowhere\n");
    const { code, summary } = await cli(
      ["plan", "-c", world.configFile, "--json", "--exclude", "**/*.tmp", "--manifest", manifest, "--rate", "1000"],
      { cwd: world.directory },
    );
    expect(summary).toMatchObject({
      counts: {
        toCopy: { objects: 1 },
        skipped: 2,
        onlyInManifest: 1,
        forecast: { requests: 2, bytes: 20, seconds: 1 },
      },
    });
    expect(code).toBe(3);
  });

  it.each([
    [["--include", "a["], '--include "a[" has a [ without its ]'],
    [["--min-size", "big"], '--min-size "big" is not a size'],
    [["--modified-after", "yesterday"], '--modified-after "yesterday" is not a time'],
  ])("refuses %j, and says what is wrong with it", async (flags, problem) => {
    const { code, stderr, stdout } = await cli(["plan", "-c", world.configFile, ...flags], { cwd: world.directory });
    expect(code).toBe(2);
    expect(stdout + stderr).toContain(problem);
  });
});
