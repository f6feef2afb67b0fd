import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRoute, parseConfig, type Config, type Route } from "@bucketferry/config";
import {
  faultProxy,
  s3Server,
  supabaseServer,
  type FaultProxy,
  type S3Server,
  type SupabaseServer,
} from "@bucketferry/local-servers";
import type { Fault } from "@bucketferry/storage-core/conformance";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DiffRow } from "../src/diff/diff-row.ts";
import { openSides } from "../src/sides.ts";
import { cli } from "./cli.ts";
import { stagesOver, type Stages } from "./in-process.ts";
import { content } from "./world.ts";

// Servers, proxies and several stages in each test, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

/**
 * A source, or something in front of it, that answers 200 and sends other bytes than it stores. No such object may ever
 * count as verified, and the report has to say which ones they are and why.
 */

const SMALL = 5_000;
const LARGE = 18_000_000;
const faultsFor = (bytes: number): Readonly<Record<string, Fault>> => ({
  truncated: { kind: "truncate", afterBytes: Math.floor(bytes / 4), end: "clean" },
  flipped: { kind: "flipBit", atByte: 777 },
  longer: { kind: "extraBytes", count: 3 },
  gzipped: { kind: "encode", encoding: "gzip" },
});
const FAULTS = faultsFor(SMALL);

interface Side {
  readonly url: string;
  close(): Promise<void>;
}

/** A service with an empty bucket, and what a configuration says of it; `url` is where it is asked. */
const SOURCES: Readonly<Record<string, () => Promise<{ readonly server: Side; configAt(url: string): object }>>> = {
  async s3() {
    const server = await s3Server();
    return {
      server,
      configAt: (url) => ({
        adapter: "s3",
        endpoint: url,
        region: server.region,
        bucket: "old-files",
        forcePathStyle: true,
        accessKeyId: server.credentials.accessKeyId,
        secretAccessKey: server.credentials.secretAccessKey,
      }),
    };
  },
  async supabase() {
    const server = await supabaseServer();
    return {
      server,
      configAt: (url) => ({ adapter: "supabase", url, key: server.serviceKey, bucket: "old-files" }),
    };
  },
};

describe.each(Object.keys(SOURCES))("S7 S8 S10 a %s source that answers 200 and sends other bytes", (kind) => {
  let directory: string;
  let configFile: string;
  let server: Side;
  let target: S3Server;
  let proxy: FaultProxy;
  /** Past the proxy. */
  let direct: Route;
  let stages: Stages;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "bucketferry-fidelity-"));
    configFile = join(directory, "bucketferry.config.json");
    const made = await SOURCES[kind]?.();
    if (made === undefined) throw new Error("no such source");
    ({ server } = made);
    target = await s3Server();
    proxy = await faultProxy({ target: server.url });
    const configWith = async (url: string): Promise<Config> => {
      const file = {
        ledger: "sqlite:ledger.db",
        routes: [
          {
            name: "files",
            source: made.configAt(url),
            target: {
              adapter: "s3",
              endpoint: target.url,
              region: target.region,
              bucket: "new-files",
              forcePathStyle: true,
              accessKeyId: target.credentials.accessKeyId,
              secretAccessKey: target.credentials.secretAccessKey,
            },
          },
        ],
        copy: { concurrency: 4, maxAttempts: 2 },
      };
      writeFileSync(configFile, JSON.stringify(file));
      return parseConfig(file, configFile);
    };
    const [directConfig] = (await configWith(server.url)).routes;
    if (directConfig === undefined) throw new Error("no route");
    direct = openRoute(directConfig);
    await direct.source.ensureBucket();
    await direct.target.ensureBucket();
    const config = await configWith(proxy.url);
    stages = await stagesOver(config, openSides(config, { onCall: () => undefined }));
  });
  afterEach(async () => {
    await stages.close();
    await direct.close();
    await proxy.close();
    await Promise.all([server.close(), target.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  const spoil = (key: string, fault: Fault): void => {
    proxy.faults.inject({ match: { method: "GET", path: `/${key}` }, times: Number.POSITIVE_INFINITY, fault });
  };
  const states = async (): Promise<Record<string, string>> => {
    const found: Record<string, string> = {};
    for await (const { key, state } of stages.ledger.objects.walk({ route: "files" })) found[key] = state;
    return found;
  };

  it.each([
    ["small", SMALL],
    ["large", LARGE],
  ])(
    "never yields verified for a %s object, and the report names exactly those, with the reason",
    async (size, bytes) => {
      const bad = Object.keys(FAULTS).map((name) => `${size}-${name}`);
      const good = [`${size}-a`, `${size}-b`, `${size}-z`];
      for (const [i, key] of [...bad, ...good].entries()) {
        await direct.source.put(key, content(i, bytes), { contentType: "audio/mpeg" });
      }
      await stages.plan();
      for (const [name, fault] of Object.entries(faultsFor(bytes))) spoil(`${size}-${name}`, fault);
      await stages.copy();
      await stages.verify();
      await stages.verify("deep");

      const found = await states();
      for (const key of good) expect([key, found[key]]).toEqual([key, "verified"]);
      // A reader that asks for what is missing has all of a truncated body in the end: then, and only then, it is verified.
      const whole = bad.filter((key) => key.endsWith("truncated") && found[key] === "verified");
      for (const key of whole) {
        const copy = await (await direct.target.get(key)).bytes();
        expect(Buffer.from(copy).equals(content(bad.indexOf(key), bytes))).toBe(true);
      }
      const wrong = bad.filter((key) => !whole.includes(key));
      for (const key of wrong) expect([key, found[key]]).not.toEqual([key, "verified"]);

      const report = await cli(["report", "--json", "--config", configFile]);
      expect(report.code).toBe(3);
      const named = report.events.filter((event) => event.type === "object");
      expect(named.map((event) => String(event["key"])).sort()).toEqual([...wrong].sort());
      for (const event of named) {
        expect(event["code"]).toMatch(/^(?:ChecksumMismatch|IncompleteBody)$/);
        expect(String(event["message"]).length).toBeGreaterThan(20);
      }
    },
  );

  it("from the very first object on is found: others of the source tell that its ETags are MD5s", async () => {
    await direct.source.put("0-first", content(1, SMALL));
    for (let i = 0; i < 5; i++) await direct.source.put(`1-later-${i}`, content(i, 100 + i));
    await stages.plan();
    spoil("0-first", { kind: "flipBit", atByte: 777 });
    expect(await stages.copy({ concurrency: 1 })).toMatchObject({ copied: 5, failed: 1, md5Unproved: 0 });
    expect(await states()).toMatchObject({ "0-first": "failed", "1-later-0": "copied" });
  });

  it("after it was copied rightly is found by verify --deep, which calls nothing of it verified", async () => {
    const keys = Object.keys(FAULTS);
    for (const [i, key] of [...keys, "fine"].entries()) await direct.source.put(key, content(i, SMALL));
    await stages.plan();
    await stages.copy();
    expect(await stages.verify()).toMatchObject({ verified: 5, troubles: 0 });
    for (const [name, fault] of Object.entries(FAULTS)) spoil(name, fault);
    const summary = await stages.verify("deep");
    expect(summary).toMatchObject({ diff: { equal: 1 }, troubles: 4 });
    const rows = stages.events.filter((event): event is { type: "diff" } & DiffRow => event.type === "diff");
    expect(Object.fromEntries(rows.map(({ key, status }) => [key, status]))).toEqual(
      Object.fromEntries(keys.map((key) => [key, "unreadable"])),
    );
    proxy.faults.clear();
    await stages.copy();
    expect(await stages.verify("deep")).toMatchObject({ verified: 5, troubles: 0 });
  });

  it.runIf(kind === "supabase")("S26 and lists an object without having its bytes is never copied from", async () => {
    await direct.source.put("whole", content(1, SMALL));
    await direct.source.put("hollow", content(2, SMALL));
    (server as SupabaseServer).loseBytes("old-files", "hollow");
    await stages.plan();
    expect(await stages.copy()).toMatchObject({ copied: 1 });
    expect(await stages.verify()).toMatchObject({ verified: 1, diff: { equal: 1 }, troubles: 1 });
    expect(stages.events.findLast((event) => event.type === "diff")).toMatchObject({ key: "hollow" });
    expect(await states()).not.toMatchObject({ hollow: expect.stringMatching(/copied|verified/) });
    expect(await direct.target.exists("hollow")).toBe(false);
  });

  it.runIf(kind === "s3")(
    "whose ETags tell nothing is found by reading it again, as soon as one of the readings is right",
    async () => {
      const key = "in-parts.wav";
      await direct.source.put(key, content(1, LARGE), { partSizeBytes: 6 * 1024 * 1024 });
      const { etag } = await direct.source.head(key);
      // Only then is there nothing to compare with.
      expect(etag).not.toMatch(/^[0-9a-f]{32}$/);
      await stages.plan();
      spoil(key, { kind: "flipBit", atByte: 777 });
      await stages.copy();
      proxy.faults.clear();
      const summary = await stages.verify("deep");
      expect(summary).toMatchObject({ verified: 0, troubles: 1 });
      expect(stages.events.at(-1)).toMatchObject({ type: "diff", key, reason: "source-unstable", state: "planned" });
      await stages.copy();
      expect(await stages.verify("deep")).toMatchObject({ verified: 1, troubles: 0 });
    },
  );
});
