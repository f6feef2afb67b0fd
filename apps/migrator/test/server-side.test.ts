import { createHash } from "node:crypto";
import { DeleteBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { Route } from "@bucketferry/config";
import { faultProxy, findS3Endpoint, S3_ENDPOINT_HINT, type FaultProxy } from "@bucketferry/local-servers";
import type { ObjectRecord } from "@bucketferry/ledger";
import type { StorageProvider } from "@bucketferry/storage-core";
import type { SeenRequest } from "@bucketferry/storage-core/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCli } from "./cli.ts";
import { openStages, type Stages } from "./in-process.ts";
import { content, openWorld, type ConfigFile, type World } from "./world.ts";

const MIB = 1024 ** 2;
const DESCRIPTION = {
  contentType: "audio/mpeg",
  cacheControl: "max-age=60",
  contentDisposition: 'attachment; filename="a.mp3"',
  metadata: { lecture: "7" },
};

let world: World;
let proxy: FaultProxy;
let stages: Stages | undefined;
beforeEach(async () => {
  world = await openWorld();
  proxy = await faultProxy({ target: world.source.url });
});
afterEach(async () => {
  await stages?.close();
  stages = undefined;
  await proxy.close();
  await world.close();
});

/** Both sides are buckets of the source's service, reached through the proxy; `change` has the last word. */
async function oneService(change: (config: ConfigFile) => void = () => undefined): Promise<Stages> {
  configureOneService(change);
  stages = await openStages(world);
  await routeOf(stages).target.ensureBucket();
  return stages;
}

function configureOneService(change: (config: ConfigFile) => void = () => undefined): void {
  world.configure((config) => {
    for (const route of config.routes) {
      Object.assign(route.source, { endpoint: proxy.url });
      route.target = { ...route.source, bucket: "new-files", publicBaseUrl: "https://cdn.example.com" };
    }
    config["copy"] = { concurrency: 4, maxAttempts: 3, serverSide: "auto" };
    change(config);
  });
}

function routeOf({ context }: Stages): Route {
  const [route] = context.routes;
  if (route === undefined) throw new Error("no route");
  return route;
}

async function putWithSha256(provider: StorageProvider, key: string, bytes: Uint8Array): Promise<void> {
  const value = createHash("sha256").update(bytes).digest("base64");
  await provider.put(key, bytes, { ...DESCRIPTION, checksum: { algorithm: "sha256", value } });
}

/** Requests of bodies, by the bucket that they were of; copies by service are none. */
function bodies(): { readonly read: readonly string[]; readonly sent: number; readonly copies: number } {
  const seen = proxy.faults.seen();
  const isObject = (path: string): boolean => path.split("/").length > 2;
  return {
    read: seen.filter(({ method, path }) => method === "GET" && isObject(path)).map(({ path }) => path),
    sent: seen.filter(({ method, headers }) => method === "PUT" && Number(headers["content-length"] ?? 0) > 0).length,
    copies: seen.filter(({ headers }) => headers["x-amz-copy-source"] !== undefined).length,
  };
}

async function expectCopy(provider: StorageProvider, key: string, bytes: Uint8Array): Promise<void> {
  const copy = await provider.get(key);
  expect(copy.info).toMatchObject({ ...DESCRIPTION, size: bytes.byteLength });
  expect(Buffer.from(await copy.bytes()).equals(bytes)).toBe(true);
}

describe("a service that has both sides", () => {
  it("copies by itself what it reports the SHA-256 of: no body passes, and the evidence says so", async () => {
    const run = await oneService();
    const bytes = content(1, 3 * MIB);
    await putWithSha256(world.route.source, "a ü+%.mp3", bytes);
    await run.plan();
    proxy.faults.clear();
    expect(await run.copy()).toMatchObject({ copied: 1, failed: 0 });
    expect(bodies()).toEqual({ read: [], sent: 0, copies: 1 });
    expect(await recordOf(run.ledger, "a ü+%.mp3")).toMatchObject({
      sha256: createHash("sha256").update(bytes).digest("hex"),
      evidence: "server-side-copy",
    });
    expect(await run.verify()).toMatchObject({ verified: 1, byEvidence: { "server-side-copy": 1 } });
    expect(await run.verify("deep")).toMatchObject({ verified: 1, byEvidence: { "both-read": 1 } });
    await expectCopy(routeOf(current()).target, "a ü+%.mp3", bytes);
    await run.plan();
    expect(await run.copy()).toMatchObject({ copied: 0, adopted: 0 });
  });

  it("copies by itself for child processes as well", async () => {
    const run = await oneService();
    for (const key of ["a.mp3", "b.mp3"]) await putWithSha256(world.route.source, key, content(16, 2 * MIB));
    await run.plan();
    proxy.faults.clear();
    const processes = { count: 2, configFile: world.configFile };
    expect(await run.copy({ processes })).toMatchObject({ copied: 2, failed: 0 });
    expect(bodies()).toEqual({ read: [], sent: 0, copies: 2 });
  });

  it("whose only word is an MD5 has its copy read once, at the target", async () => {
    const run = await oneService();
    const bytes = content(2, 2 * MIB);
    const checksum = { algorithm: "md5", value: createHash("md5").update(bytes).digest("hex") } as const;
    await world.route.source.put("a.mp3", bytes, { ...DESCRIPTION, checksum });
    await run.plan();
    proxy.faults.clear();
    expect(await run.copy()).toMatchObject({ copied: 1, failed: 0 });
    expect(bodies()).toEqual({ read: ["/new-files/a.mp3"], sent: 0, copies: 1 });
    expect(await recordOf(run.ledger, "a.mp3")).toMatchObject({
      sha256: createHash("sha256").update(bytes).digest("hex"),
      evidence: "read-back",
    });
    await expectCopy(routeOf(current()).target, "a.mp3", bytes);
  });

  it("S6 is not asked to copy what no checksum is known of, nor small objects", async () => {
    const run = await oneService();
    const upload = await world.route.source.multipart.create("by-parts.mp3", DESCRIPTION);
    const part = await world.route.source.multipart.uploadPart(upload, 1, content(4, 2 * MIB));
    await world.route.source.multipart.complete(upload, [part]);
    await putWithSha256(world.route.source, "small.mp3", content(5, 1000));
    await run.plan();
    proxy.faults.clear();
    expect(await run.copy()).toMatchObject({ copied: 2, failed: 0 });
    expect(bodies().copies).toBe(0);
    await expectCopy(routeOf(current()).target, "by-parts.mp3", content(4, 2 * MIB));
  });

  it("copies between two prefixes of one bucket", async () => {
    const run = await oneService(({ routes: [route] }) => {
      Object.assign(route?.source ?? {}, { prefix: "old/" });
      Object.assign(route?.target ?? {}, { bucket: "old-files", prefix: "new/" });
    });
    const bytes = content(6, 2 * MIB);
    await putWithSha256(world.route.source, "old/a.mp3", bytes);
    await run.plan();
    proxy.faults.clear();
    expect(await run.copy()).toMatchObject({ copied: 1, failed: 0 });
    expect(bodies()).toEqual({ read: [], sent: 0, copies: 1 });
    await expectCopy(world.route.source, "new/a.mp3", bytes);
  });

  it.each([
    ["never is said", { serverSide: "never" }, {}],
    ["the credentials are others", {}, { accessKeyId: "otheraccesskey000001" }],
    ["the region is another", {}, { region: "eu-west-1" }],
  ])("copies nothing by itself where %s", async (_, copyConfig, target) => {
    configureOneService((config) => {
      Object.assign(config["copy"] as object, copyConfig);
      Object.assign(config.routes[0]?.target ?? {}, target);
    });
    stages = await openStages(world);
    const { sourceWithinTarget } = routeOf(stages);
    expect(sourceWithinTarget === undefined).toBe(Object.keys(target).length > 0);
    if (sourceWithinTarget === undefined) return;
    await routeOf(stages).target.ensureBucket();
    await putWithSha256(world.route.source, "a.mp3", content(7, 2 * MIB));
    await stages.plan();
    proxy.faults.clear();
    expect(await stages.copy()).toMatchObject({ copied: 1 });
    expect(bodies()).toMatchObject({ read: ["/old-files/a.mp3"], copies: 0 });
  });

  it.each([
    ["a service that pins the source's version", "aws"],
    ["a service that does not", "ceph"],
  ])("S1 copies the version that was looked at, or the next one as a whole, with %s", async (_, profile) => {
    const run = await oneService(({ routes: [route] }) => {
      for (const side of [route?.source, route?.target]) Object.assign(side ?? {}, { profile });
    });
    await putWithSha256(world.route.source, "a.mp3", content(8, 2 * MIB));
    await run.plan();
    const next = content(9, 2 * MIB);
    let puts: Promise<void> | undefined;
    // The first look at the source is answered; before the copy arrives there is another version.
    const held = Promise.withResolvers<void>();
    const { source } = routeOf(current());
    const head = source.head.bind(source);
    Object.assign(source, {
      head: async (...args: Parameters<typeof head>) => {
        const info = await head(...args);
        puts ??= putWithSha256(world.route.source, "a.mp3", next).finally(() => held.resolve());
        await held.promise;
        return info;
      },
    });
    const summary = await run.copy();
    await puts;
    expect(summary).toMatchObject({ copied: 1, failed: 0, changedUnderCopy: 1 });
    expect(await recordOf(run.ledger, "a.mp3")).toMatchObject({
      sha256: createHash("sha256").update(next).digest("hex"),
    });
    await expectCopy(routeOf(current()).target, "a.mp3", next);
  });

  it.each([
    ["by the SHA-256 that both report", "aws"],
    ["by reading it", "ceph"],
  ])("S8 that copies other bytes than the source's is found out %s, and the copy does not stay", async (_, profile) => {
    const run = await oneService(({ routes: [route] }) => {
      for (const side of [route?.source, route?.target]) Object.assign(side ?? {}, { profile });
    });
    await putWithSha256(world.route.source, "a.mp3", content(14, 2 * MIB));
    await run.plan();
    const { target } = routeOf(current());
    Object.assign(target, { copy: (_from: string, to: string) => target.put(to, content(15, 2 * MIB)) });
    expect(await run.copy()).toMatchObject({ copied: 0, failed: 1 });
    expect(await recordOf(run.ledger, "a.mp3")).toMatchObject({ state: "failed", errorCode: "ChecksumMismatch" });
    expect(await target.exists("a.mp3")).toBe(false);
  });

  it("leaves alone what somebody else has put at the target since the plan", async () => {
    const run = await oneService();
    await putWithSha256(world.route.source, "a.mp3", content(10, 2 * MIB));
    await run.plan();
    const { target } = routeOf(current());
    await target.put("a.mp3", "somebody else's");
    expect(await run.copy()).toMatchObject({ copied: 0, failed: 1 });
    expect((await target.head("a.mp3")).size).toBe(15);
  });

  it("S11 whose answer of 200 holds an error is asked again", async () => {
    const run = await oneService();
    const bytes = content(11, 2 * MIB);
    await putWithSha256(world.route.source, "a.mp3", bytes);
    await run.plan();
    proxy.faults.inject({
      match: { method: "PUT", path: "a.mp3" },
      times: 1,
      fault: {
        kind: "answer",
        status: 200,
        headers: { "content-type": "application/xml" },
        body: '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>try again</Message></Error>',
      },
    });
    expect(await run.copy()).toMatchObject({ copied: 1, failed: 0 });
    await expectCopy(routeOf(current()).target, "a.mp3", bytes);
  });

  it("that may not copy gets the bytes the ordinary way", async () => {
    const run = await oneService();
    const bytes = content(12, 2 * MIB);
    await putWithSha256(world.route.source, "a.mp3", bytes);
    await run.plan();
    const { target } = routeOf(current());
    const refused = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no copies</Message></Error>';
    proxy.faults.inject({
      match: { method: "PUT", path: "a.mp3" },
      times: 1,
      fault: { kind: "answer", status: 403, headers: { "content-type": "application/xml" }, body: refused },
    });
    expect(await run.copy()).toMatchObject({ copied: 1, failed: 0 });
    await expectCopy(target, "a.mp3", bytes);
  });

  it("L1 whose copy was made when the process was killed is found to have made it", async () => {
    const bytes = content(13, 2 * MIB);
    const before = await oneService();
    await putWithSha256(world.route.source, "a.mp3", bytes);
    await before.plan();
    await before.close();
    const killed = await startCli(["copy", "--json", "--config", world.configFile], {
      env: { BUCKETFERRY_KILL_AT: "server-side:copied" },
    }).result;
    expect(killed.signal).toBe("SIGKILL");
    stages = await openStages(world);
    proxy.faults.clear();
    expect(await stages.copy()).toMatchObject({ adopted: 1, failed: 0 });
    expect(bodies()).toMatchObject({ read: [], sent: 0 });
    expect(await recordOf(stages.ledger, "a.mp3")).toMatchObject({ evidence: "server-side-copy" });
    await expectCopy(routeOf(stages).target, "a.mp3", bytes);
  });

  describe("and copies large objects in parts", () => {
    /** More than one part of the smallest size, and still one request of ours. */
    const LARGE = 6 * MIB;
    const bytes = content(17, LARGE);
    const inParts = ({ routes: [route] }: ConfigFile): void => {
      for (const side of [route?.source, route?.target]) Object.assign(side ?? {}, { copyCutoffBytes: 5 * MIB });
    };
    const isPartCopy = ({ query, headers }: SeenRequest): boolean =>
      query.includes("partNumber=") && headers["x-amz-copy-source"] !== undefined;

    /** A plan with one large object, in a ledger that nobody holds. */
    async function plannedRun(): Promise<void> {
      const before = await oneService(inParts);
      await putWithSha256(world.route.source, "a.mp3", bytes);
      await before.plan();
      await before.close();
    }

    async function expectNothingLeft({ ledger, context }: Stages): Promise<void> {
      const [route] = context.routes;
      expect(await Array.fromAsync(route?.target.multipart.list() ?? [])).toEqual([]);
      expect(await Array.fromAsync(ledger.uploads.walk("audio"))).toEqual([]);
    }

    it("S25 remembers no upload of a copy that is done", async () => {
      const run = await oneService(inParts);
      await putWithSha256(world.route.source, "a.mp3", bytes);
      await run.plan();
      proxy.faults.clear();
      expect(await run.copy()).toMatchObject({ copied: 1, failed: 0 });
      expect(proxy.faults.seen().filter(isPartCopy)).toHaveLength(2);
      await expectCopy(routeOf(run).target, "a.mp3", bytes);
      await expectNothingLeft(run);
    });

    it.each(["service-upload:before-create", "service-upload:created", "service-upload:recorded"])(
      "L1 S25 leaves no upload behind when the process is killed at %s",
      async (place) => {
        await plannedRun();
        const killed = await startCli(["copy", "--json", "--config", world.configFile], {
          env: { BUCKETFERRY_KILL_AT: place },
        }).result;
        expect(killed.signal).toBe("SIGKILL");
        stages = await openStages(world);
        const uploads = await Array.fromAsync(routeOf(stages).target.multipart.list());
        expect(uploads).toHaveLength(place.endsWith("before-create") ? 0 : 1);
        expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
        await expectCopy(routeOf(stages).target, "a.mp3", bytes);
        await expectNothingLeft(stages);
      },
    );

    it("L1 S25 leaves no upload behind when the process is killed while the service copies a part", async () => {
      await plannedRun();
      proxy.faults.inject({
        match: { method: "PUT", query: "partNumber=2" },
        times: 1,
        fault: { kind: "silence" },
      });
      const { child, result } = startCli(["copy", "--json", "--config", world.configFile]);
      await expect.poll(() => proxy.faults.seen().filter(isPartCopy).length, { timeout: 60_000 }).toBe(2);
      child.kill("SIGKILL");
      expect((await result).signal).toBe("SIGKILL");
      stages = await openStages(world);
      const [left, ...others] = await Array.fromAsync(routeOf(stages).target.multipart.list());
      expect(others).toEqual([]);
      expect(await stages.ledger.uploads.find("audio", "a.mp3")).toMatchObject({ uploadId: left?.uploadId });
      expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
      await expectCopy(routeOf(stages).target, "a.mp3", bytes);
      await expectNothingLeft(stages);
    });

    it("S25 ends the upload of a killed process also when the object is not copied any more", async () => {
      await plannedRun();
      const env = { BUCKETFERRY_KILL_AT: "service-upload:recorded" };
      await startCli(["copy", "--json", "--config", world.configFile], { env }).result;
      await world.route.source.delete("a.mp3");
      stages = await openStages(world);
      expect(await stages.copy()).toMatchObject({ copied: 0, vanished: 1 });
      await expectNothingLeft(stages);
    });
  });
});

function current(): Stages {
  if (stages === undefined) throw new Error("no stages are open");
  return stages;
}

async function recordOf(ledger: Stages["ledger"], key: string): Promise<ObjectRecord | undefined> {
  return (await ledger.objects.find("audio", [key])).get(key);
}

const endpoint = await findS3Endpoint();
if (endpoint === undefined) {
  if (process.env["CI"] !== undefined) throw new Error(`No S3 service answers. ${S3_ENDPOINT_HINT}`);
  console.warn(`SKIPPED: no S3 service answers. ${S3_ENDPOINT_HINT}`);
}

describe.skipIf(endpoint === undefined)("a real S3 service that has both sides", () => {
  it("copies by itself from bucket to bucket, with bytes, headers and metadata, and its copies are proved", async () => {
    if (endpoint === undefined) return;
    const names = ["from", "to"].map((side) => `bucketferry-server-side-${side}-${process.pid}-${Date.now()}`);
    world.configure((config) => {
      const [route] = config.routes;
      if (route === undefined) return;
      const side = {
        adapter: "s3",
        endpoint: endpoint.endpoint,
        region: endpoint.region,
        forcePathStyle: true,
        profile: endpoint.profile,
        accessKeyId: endpoint.credentials.accessKeyId,
        secretAccessKey: endpoint.credentials.secretAccessKey,
      };
      route.source = { ...side, bucket: names[0] };
      route.target = { ...side, bucket: names[1], prefix: "moved/" };
      config["copy"] = { concurrency: 4, serverSide: "auto" };
    });
    stages = await openStages(world);
    const { source, target } = routeOf(stages);
    try {
      await source.ensureBucket();
      await target.ensureBucket();
      const keys = ["a ü+%2F.mp3", "moved/b.mp3"];
      for (const [i, key] of keys.entries()) await source.put(key, content(i, 2 * MIB + i), DESCRIPTION);
      await stages.plan();
      expect(await stages.copy()).toMatchObject({ copied: 2, failed: 0 });
      for (const key of keys) {
        expect(await recordOf(stages.ledger, key)).toMatchObject({ evidence: "read-back" });
      }
      for (const [i, key] of keys.entries()) await expectCopy(target, key, content(i, 2 * MIB + i));
      expect(await stages.verify("deep")).toMatchObject({ verified: 2, byEvidence: { "both-read": 2 } });
      await stages.plan();
      expect(await stages.copy()).toMatchObject({ copied: 0, adopted: 0 });
    } finally {
      for (const side of [source, target]) {
        const keys = (await Array.fromAsync(side.list())).flatMap((one) => (one.type === "object" ? [one.key] : []));
        for await (const outcome of side.deleteMany(keys)) void outcome;
      }
      const { endpoint: url, region, credentials } = endpoint;
      const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true });
      for (const Bucket of names) await client.send(new DeleteBucketCommand({ Bucket }));
      client.destroy();
    }
  });
});
