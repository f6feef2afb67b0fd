import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetPublicAccessBlockCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import type { CheckFinding } from "@bucketferry/storage-core";
import { mockClient, type AwsStub } from "aws-sdk-client-mock";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { s3 } from "../src/index.ts";
import { externalEngine, optionsFor } from "./support/engine.ts";
import { testBuckets } from "./support/bucket.ts";
import { local, type Local } from "./support/local.ts";

const engine = await externalEngine();

describe("ensureBucket", () => {
  let server: Local;
  beforeAll(async () => {
    server = await local();
  });
  afterEach(() => server.proxy.faults.clear());
  afterAll(() => server.close());

  it("says what it would do, does it, and has nothing to do the second time", async () => {
    const bucket = `ensured-${randomUUID()}`;
    const provider = server.provider({ bucket });
    const steps = [`Create bucket "${bucket}"`, `Block all public access to bucket "${bucket}"`];
    expect(await provider.ensureBucket({ dryRun: true })).toEqual({ existed: false, steps });
    await expect(provider.put("a", "b")).rejects.toMatchObject({ code: "BucketNotFound" });
    expect(await provider.ensureBucket()).toEqual({ existed: false, steps });
    await provider.put("a", "b");
    expect(await provider.ensureBucket()).toEqual({ existed: true, steps: [] });
    const { PublicAccessBlockConfiguration } = await server.buckets.client.send(
      new GetPublicAccessBlockCommand({ Bucket: bucket }),
    );
    expect(PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    });
  });

  it("changes nothing of a bucket that exists", async () => {
    await server.buckets.client.send(
      new PutPublicAccessBlockCommand({
        Bucket: server.bucket,
        PublicAccessBlockConfiguration: { BlockPublicAcls: false, BlockPublicPolicy: false },
      }),
    );
    await server.provider().ensureBucket();
    const { PublicAccessBlockConfiguration } = await server.buckets.client.send(
      new GetPublicAccessBlockCommand({ Bucket: server.bucket }),
    );
    expect(PublicAccessBlockConfiguration?.BlockPublicPolicy).toBe(false);
    expect(server.proxy.faults.seen().map(({ method }) => method)).toEqual(["GET"]);
  });

  it("tells a bucket that may not be looked at from one that is missing", async () => {
    const xml = "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>";
    server.proxy.faults.inject({ match: {}, times: 1, fault: { kind: "answer", status: 403, body: xml } });
    await expect(server.provider().ensureBucket()).rejects.toMatchObject({
      code: "PermissionDenied",
      hint: expect.stringContaining("s3:ListBucket"),
    });
  });

  describe("where only Amazon would answer so", () => {
    let mock: AwsStub<ServiceInputTypes, ServiceOutputTypes, S3ClientResolvedConfig>;
    beforeEach(() => {
      mock = mockClient(S3Client);
    });
    afterEach(() => mock.restore());
    const missing = () =>
      server.proxy.faults.inject({
        match: { method: "GET" },
        times: 1,
        fault: { kind: "answer", status: 404, body: "<?xml version='1.0'?><Error><Code>NoSuchBucket</Code></Error>" },
      });

    it.each([
      ["us-east-1", undefined],
      ["eu-west-3", { LocationConstraint: "eu-west-3" }],
    ])("names the region of a new bucket in %s as %j", async (region, expected) => {
      missing();
      const { steps } = await server.provider({ region }).ensureBucket();
      expect(mock.commandCalls(CreateBucketCommand)[0]?.args[0].input.CreateBucketConfiguration).toEqual(expected);
      expect(steps[0]?.includes("in region")).toBe(expected !== undefined);
    });

    it("takes another instance that came first for success", async () => {
      missing();
      const first = Object.assign(new Error("x"), {
        name: "BucketAlreadyOwnedByYou",
        $metadata: { httpStatusCode: 409 },
      });
      mock.on(CreateBucketCommand).rejects(first);
      expect(await server.provider().ensureBucket()).toEqual({ existed: true, steps: [] });
    });

    it("says that the bucket is there when it may not block public access, and with which permission it could", async () => {
      missing();
      const denied = Object.assign(new Error("x"), { name: "AccessDenied", $metadata: { httpStatusCode: 403 } });
      mock.on(PutPublicAccessBlockCommand).rejects(denied);
      await expect(server.provider().ensureBucket()).rejects.toMatchObject({
        code: "PermissionDenied",
        message: expect.stringContaining("the bucket was made"),
        hint: expect.stringContaining("s3:PutBucketPublicAccessBlock"),
        applied: true,
      });
    });

    it("takes somebody else's bucket for a conflict that no retry ends", async () => {
      missing();
      const taken = Object.assign(new Error("x"), { name: "BucketAlreadyExists", $metadata: { httpStatusCode: 409 } });
      mock.on(CreateBucketCommand).rejects(taken);
      await expect(server.provider().ensureBucket()).rejects.toMatchObject({
        code: "Conflict",
        persistence: "permanent",
        operation: "ensureBucket",
      });
    });
  });
});

describe("check", () => {
  let server: Local;
  beforeAll(async () => {
    server = await local();
  });
  afterEach(() => server.proxy.faults.clear());
  afterAll(() => server.close());
  const find = (findings: readonly CheckFinding[], id: string) => findings.find((one) => one.id === id);

  it("writes nothing unless asked, and leaves nothing when asked (N05)", async () => {
    const provider = server.provider();
    const read = await provider.check();
    expect(read.ok).toBe(true);
    expect(server.proxy.faults.seen().every(({ method }) => method === "GET")).toBe(true);
    const written = await provider.check({ write: true });
    expect(written.ok).toBe(true);
    expect(written.findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        "credentials",
        "bucket",
        "region",
        "clock",
        "list",
        "write",
        "read",
        "conditional-put",
        "delete",
      ]),
    );
    expect(await Array.fromAsync(provider.list())).toEqual([]);
  });

  it("measures the clock even after it has corrected it (S14)", async () => {
    const { findings } = await server.provider({ now: () => Date.now() - 3_600_000 }).check();
    expect(find(findings, "clock")).toMatchObject({
      level: "warning",
      // The service tells whole seconds, and the way here takes some time.
      message: expect.stringMatching(/ (359|360)\d s /),
    });
    const slightly = await server.provider({ now: () => Date.now() + 90_000 }).check();
    expect(find(slightly.findings, "clock")).toMatchObject({ level: "warning", fix: expect.stringContaining("NTP") });
  });

  it.each([
    ["a wrong secret", { secretAccessKey: "wrong" }, "credentials"],
    ["a missing bucket", { bucket: "there-is-none" }, "bucket"],
    ["a wrong region", { region: "eu-west-3" }, "region"],
    ["nobody at the other end", { endpoint: "http://127.0.0.1:9" }, "service"],
  ])("finds %s, and says what to do", async (_, overrides, id) => {
    const { ok, findings } = await server.provider(overrides).check({ write: true });
    expect(ok).toBe(false);
    expect(find(findings, id)).toMatchObject({ level: "error", fix: expect.stringMatching(/\w/) });
  });

  it("finds a service that overwrites although it was asked not to", async () => {
    const provider = server.provider();
    s3Overwrites();
    const { ok, findings } = await provider.check({ write: true });
    expect(ok).toBe(false);
    expect(find(findings, "conditional-put")).toMatchObject({
      level: "error",
      fix: expect.stringContaining("generic"),
    });
    expect(find(findings, "delete")?.level).toBe("ok");

    function s3Overwrites(): void {
      server.proxy.faults.inject({
        match: { method: "PUT" },
        after: 1,
        times: 1,
        fault: { kind: "rewrite", status: 200, headers: { etag: '"x"' }, body: "" },
      });
    }
  });

  it("finds that what is read is not what was written", async () => {
    const provider = server.provider();
    server.proxy.faults.inject({
      match: { path: "bucketferry-check", method: "GET" },
      times: 1,
      fault: { kind: "flipBit", atByte: 3 },
    });
    const { findings } = await provider.check({ write: true });
    expect(find(findings, "read")?.level).toBe("error");
    expect(await Array.fromAsync(provider.list())).toEqual([]);
  });

  it("rejects only when it is aborted", async () => {
    await expect(server.provider().check({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "Aborted" });
  });
});

describe.skipIf(engine === undefined)("a bucket with versions on a real service", () => {
  it("is found by check when it was not configured, for conditions may not hold there", async () => {
    if (engine === undefined) return;
    const buckets = testBuckets(engine);
    try {
      const bucket = await buckets.create({ versioned: true });
      const options = optionsFor(engine, bucket);
      const unaware = s3(options);
      const finding = (await unaware.check()).findings.find(({ id }) => id === "versioning");
      expect(finding).toMatchObject({ level: "error", fix: expect.stringContaining("versioned: true") });
      // Even where the condition held, nobody could tell that from its having been ignored.
      await expect(unaware.put("a", "1", { ifNoneMatch: "*" })).rejects.toMatchObject({
        code: "InvalidConfig",
        applied: true,
      });
      // Ceph 16 and 18 overwrite, and are found out by the version that they answer with; 20 refuses.
      await expect(unaware.put("a", "2", { ifNoneMatch: "*" })).rejects.toMatchObject({
        code: expect.stringMatching(/^(InvalidConfig|AlreadyExists)$/),
      });

      const aware = s3({ ...options, versioned: true });
      const { ok, findings } = await aware.check({ write: true });
      expect(ok).toBe(true);
      expect(findings).toContainEqual(
        expect.objectContaining({ id: "conditions", message: expect.stringMatching(/^In a bucket with versions/) }),
      );
      await expect(aware.put("a", "3", { ifNoneMatch: "*" })).rejects.toMatchObject({ code: "Unsupported" });
      await unaware.close();
      await aware.close();
    } finally {
      await buckets.destroy();
    }
  });
});

describe.skipIf(engine === undefined)(`buckets and uploads on ${engine?.name ?? "a real service"}`, () => {
  it("lists unfinished uploads under the keys that they were begun with", async () => {
    if (engine === undefined) return;
    const buckets = testBuckets(engine);
    const provider = s3(optionsFor(engine, await buckets.create()));
    try {
      const key = "a b/10;;x=y+z%20&é.png";
      const upload = await provider.multipart.create(key);
      expect((await Array.fromAsync(provider.multipart.list())).map((one) => one.key)).toEqual([key]);
      await provider.multipart.abort(upload);
      expect(await Array.fromAsync(provider.multipart.list())).toEqual([]);
    } finally {
      await provider.close();
      await buckets.destroy();
    }
  });

  it("makes a bucket that can be written to", async () => {
    if (engine === undefined) return;
    const provider = s3(optionsFor(engine, `ensured-${randomUUID()}`));
    const { client, destroy } = testBuckets(engine);
    try {
      expect((await provider.ensureBucket()).existed).toBe(false);
      await provider.put("a", "b");
      expect(await (await provider.get("a")).text()).toBe("b");
    } finally {
      await provider.delete("a");
      await client.send(new DeleteBucketCommand({ Bucket: provider.bucket }));
      await destroy();
      await provider.close();
    }
  });
});
