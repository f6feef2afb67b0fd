import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { S3Credentials } from "../src/index.ts";
import { local, type Local } from "./support/local.ts";

const HOUR_MS = 3_600_000;
const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`;

let s3: Local;
beforeAll(async () => {
  s3 = await local();
});
afterEach(() => s3.proxy.faults.clear());
afterAll(() => s3.close());

const seen = () => s3.proxy.faults.seen().map(({ method }) => method);

describe.each(["auto", "sdk"] as const)("an exchange by lane %s", (lane) => {
  it("corrects a clock that is wrong, once, for all requests that follow (M06, S14)", async () => {
    const provider = s3.provider({ lane, now: () => Date.now() - HOUR_MS });
    await provider.put("clock", "x");
    expect(seen()).toEqual(["PUT", "PUT"]);
    await provider.get("clock").then((got) => got.text());
    expect(await provider.exists("clock")).toBe(true);
    expect(seen()).toEqual(["PUT", "PUT", "GET", "HEAD"]);
    // What is presigned afterwards is right too.
    const { url } = await provider.presign({ method: "GET", key: "clock", expiresInSeconds: 60 });
    expect((await fetch(url)).status).toBe(200);
  });

  it("corrects the clock after a HEAD too, whose refusal has no code", async () => {
    await s3.provider().put("clock-head", "x");
    s3.proxy.faults.clear();
    const provider = s3.provider({ lane, now: () => Date.now() + HOUR_MS });
    expect((await provider.head("clock-head")).size).toBe(1);
    expect(seen()).toEqual(["HEAD", "HEAD"]);
  });

  it("sends the dot segments and double slashes of a key as they are (B07, B08)", async () => {
    const provider = s3.provider({ lane });
    for (const key of ["a/../b", "./c", "d//e", "f/.", "g/..", "h/%2E%2E/i"]) {
      await provider.put(key, key);
      expect(await (await provider.get(key)).text()).toBe(key);
      expect((await provider.copy(key, `${key}-copy`)).size).toBe(key.length);
    }
    expect(s3.proxy.faults.seen()[0]?.path).toBe(`/${s3.bucket}/a/../b`);
  });

  it("does not take an object for the list of an upload's parts, nor reads it, where the service passes over what it does not know", async () => {
    const given = Promise.withResolvers<number>();
    const simple = createServer((_request, response) => {
      let sent = 0;
      response.writeHead(200, { "last-modified": new Date(0).toUTCString(), etag: '"a"' });
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on("drain", more).on("close", () => given.resolve(sent));
      more();
    }).listen(0, "127.0.0.1");
    await once(simple, "listening");
    const provider = s3.provider({ lane, endpoint: `http://127.0.0.1:${(simple.address() as AddressInfo).port}` });
    try {
      await expect(provider.multipart.listParts({ key: "large", uploadId: "1" })).rejects.toMatchObject({
        code: "Unsupported",
        message: expect.stringContaining("answered with the object"),
      });
      // What the sockets of both sides hold, and no more.
      expect(await given.promise).toBeLessThan(64 * 1024 ** 2);
    } finally {
      await provider.close();
      simple.close();
    }
  });

  it("follows no redirect, so no signature reaches another host", async () => {
    let strangers = 0;
    const elsewhere = createServer((_request, response) => {
      strangers += 1;
      response.end();
    }).listen(0, "127.0.0.1");
    await once(elsewhere, "listening");
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    const provider = s3.provider({ lane });
    for (const [status, code] of [
      [301, "InvalidConfig"],
      [302, "InvalidConfig"],
      [307, "Unavailable"],
      [308, "InvalidConfig"],
    ] as const) {
      s3.proxy.faults.inject({ match: {}, times: 1, fault: { kind: "answer", status, headers: { location } } });
      await expect(provider.get("x")).rejects.toMatchObject({ code, status });
    }
    elsewhere.close();
    expect(strangers).toBe(0);
  });

  it("hands on how long the service wants to be left alone (S12)", async () => {
    const provider = s3.provider({ lane });
    s3.proxy.faults.inject({
      match: {},
      times: 1,
      fault: { kind: "answer", status: 503, headers: { "retry-after": "3" }, body: xml("SlowDown") },
    });
    await expect(provider.get("x")).rejects.toMatchObject({ code: "RateLimited", retryAfterMs: 3000 });
  });

  it("times out when no answer comes, and when a body stands still (S29)", async () => {
    await s3.provider().put("large", new Uint8Array(1_000_000));
    const impatient = s3.provider({ lane, headersTimeoutMs: 300 });
    s3.proxy.faults.inject({ match: { method: "GET" }, times: 1, fault: { kind: "silence" } });
    await expect(impatient.get("large")).rejects.toMatchObject({ code: "Timeout", persistence: "temporary" });
    s3.proxy.faults.inject({ match: { method: "GET" }, times: 1, fault: { kind: "stall", afterBytes: 70_000 } });
    const got = await s3.provider({ lane, bodyTimeoutMs: 300 }).get("large");
    await expect(got.bytes()).rejects.toMatchObject({ persistence: "temporary" });
  });

  it("waits longer for work that grows with the objects in it: a copy, a batch of deletes (S29)", async () => {
    const headersTimeoutMs = 1500;
    const impatient = s3.provider({ lane, headersTimeoutMs });
    await impatient.put("slow/source", new Uint8Array(10));
    for (const method of ["PUT", "POST"]) {
      s3.proxy.faults.inject({ match: { method }, times: 1, fault: { kind: "delay", ms: headersTimeoutMs + 500 } });
    }
    const [, outcomes] = await Promise.all([
      impatient.copy("slow/source", "slow/copy"),
      Array.fromAsync(impatient.deleteMany(["slow/1", "slow/2"])),
    ]);
    expect(outcomes).toEqual([{ key: "slow/1" }, { key: "slow/2" }]);
  });

  it("gives a body up at once although the service has gone silent in it (A22)", async () => {
    await s3.provider().put("small", new Uint8Array(1000));
    const provider = s3.provider({ lane });
    s3.proxy.faults.inject({ match: { method: "GET" }, times: 1, fault: { kind: "stall", afterBytes: 10 } });
    const got = await provider.get("small");
    const before = performance.now();
    await got.cancel();
    expect(performance.now() - before).toBeLessThan(5000);
    expect((await (await provider.get("small")).bytes()).byteLength).toBe(1000);
  });
});

describe("connections", () => {
  it("are used again after answers without a body, short ones, and refusals", async () => {
    let sockets = 0;
    const head = { etag: '"e"', "last-modified": new Date().toUTCString() };
    const server = createServer((request, response) => {
      request.resume();
      request.on("end", () => {
        if (request.url?.endsWith("missing") === true) response.writeHead(404).end(xml("NoSuchKey"));
        else if (request.method === "HEAD") response.writeHead(200, { ...head, "content-length": 10 ** 9 }).end();
        else response.writeHead(200, { ...head, "content-length": 2000 }).end(Buffer.alloc(2000));
      });
    }).listen(0, "127.0.0.1");
    server.on("connection", () => {
      sockets += 1;
    });
    await once(server, "listening");
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = s3.provider({ endpoint });
    for (let count = 0; count < 10; count += 1) {
      await provider.head("large");
      await (await provider.get("small")).cancel();
      await provider.put("small", "x");
      await expect(provider.get("missing")).rejects.toMatchObject({ code: "NotFound" });
    }
    // One request after another: a second socket may be opened while the first is just coming free.
    expect(sockets).toBeLessThanOrEqual(2);
    await provider.close();
    server.close();
  });
});

describe("credentials that run out", () => {
  const fresh = () => s3.server.credentials;

  it("are asked for once by all who wait, and again before they end", async () => {
    let time = Date.now();
    let asked = 0;
    const provider = s3.provider({
      accessKeyId: undefined,
      secretAccessKey: undefined,
      now: () => time,
      credentials: async () => {
        asked += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return { ...fresh(), expiration: new Date(time + HOUR_MS) };
      },
    });
    await Promise.all(Array.from({ length: 20 }, () => provider.exists("x")));
    expect(asked).toBe(1);
    time += HOUR_MS - 5 * 60_000;
    // The service's clock is not ours to move, so only the asking is looked at.
    await provider.exists("x").catch(() => undefined);
    expect(asked).toBe(2);
  });

  it("that the service calls expired are replaced, and the request is repeated once (M04, S13)", async () => {
    const issued: S3Credentials[] = [];
    const provider = s3.provider({
      accessKeyId: undefined,
      secretAccessKey: undefined,
      credentials: async () => {
        issued.push(fresh());
        return fresh();
      },
    });
    await provider.exists("warm-up");
    s3.proxy.faults.clear();
    s3.proxy.faults.inject({
      match: { method: "PUT" },
      times: 1,
      fault: { kind: "answer", status: 400, body: xml("ExpiredToken") },
    });
    await provider.put("x", "y");
    expect(issued).toHaveLength(2);
    expect(seen()).toEqual(["PUT", "PUT"]);
  });

  it("that do not get better are reported, not asked for for ever", async () => {
    let asked = 0;
    const provider = s3.provider({
      accessKeyId: undefined,
      secretAccessKey: undefined,
      credentials: async () => {
        asked += 1;
        return fresh();
      },
    });
    s3.proxy.faults.inject({
      match: {},
      times: Infinity,
      fault: { kind: "answer", status: 400, body: xml("ExpiredToken") },
    });
    await expect(provider.get("x")).rejects.toMatchObject({ code: "Unauthenticated" });
    expect(asked).toBe(2);
    s3.proxy.faults.clear();
    await expect(provider.exists("never-put")).resolves.toBe(false);
  });

  it("that cannot be had are Unauthenticated, with the reason as the cause only", async () => {
    const provider = s3.provider({
      accessKeyId: undefined,
      secretAccessKey: undefined,
      credentials: async () => {
        throw new Error("profile file says secret-of-the-profile");
      },
    });
    const error = await provider.get("x").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "Unauthenticated", hint: expect.stringContaining("accessKeyId") });
    expect(JSON.stringify(error)).not.toContain("secret-of-the-profile");
    expect(seen()).toEqual([]);
  });

  it("come from the default chain of AWS when none are given", async () => {
    const { accessKeyId, secretAccessKey } = fresh();
    vi.stubEnv("AWS_ACCESS_KEY_ID", accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secretAccessKey);
    const provider = s3.provider({ accessKeyId: undefined, secretAccessKey: undefined });
    await provider.put("by-environment", "x");
    expect(await provider.exists("by-environment")).toBe(true);
    vi.unstubAllEnvs();
  });

  it("bound the life of what they presign", async () => {
    const expiration = new Date(Date.now() + HOUR_MS);
    const provider = s3.provider({
      accessKeyId: undefined,
      secretAccessKey: undefined,
      credentials: async () => ({ ...fresh(), expiration }),
    });
    const { expiresAt } = await provider.presign({ method: "GET", key: "x", expiresInSeconds: 7200 });
    expect(expiresAt).toEqual(expiration);
  });
});

describe("a HEAD whose refusal says nothing", () => {
  it("is explained by a GET: missing object, missing bucket, wrong secret (G06, M03)", async () => {
    await expect(s3.provider({ bucket: "there-is-none" }).head("x")).rejects.toMatchObject({ code: "BucketNotFound" });
    await expect(s3.provider({ secretAccessKey: "wrong" }).head("x")).rejects.toMatchObject({
      code: "Unauthenticated",
    });
    await expect(s3.provider().head("missing")).rejects.toMatchObject({ code: "NotFound" });
  });

  it("costs one more request only while nothing has shown the bucket to exist", async () => {
    const provider = s3.provider();
    for (let count = 0; count < 5; count += 1) expect(await provider.exists(`missing-${count}`)).toBe(false);
    expect(seen()).toEqual(["HEAD", "GET", "HEAD", "HEAD", "HEAD", "HEAD"]);
  });
});

describe("a body that is not what is stored", () => {
  it("is refused when a gateway has encoded it, with whatever length (S7, F09)", async () => {
    const provider = s3.provider();
    await provider.put("plain.txt", "text ".repeat(1000));
    s3.proxy.faults.inject({ match: { method: "GET" }, times: 1, fault: { kind: "encode", encoding: "gzip" } });
    await expect(provider.get("plain.txt").then((got) => got.bytes())).rejects.toMatchObject({
      code: "IncompleteBody",
    });
  });

  it("is told from one that is stored encoded, which is handed out as it is (C05)", async () => {
    const provider = s3.provider();
    await provider.put("stored.gz", "not really gzip", { contentEncoding: "gzip" });
    const got = await provider.get("stored.gz");
    expect(got.info.contentEncoding).toBe("gzip");
    expect(await got.text()).toBe("not really gzip");
  });
});

describe("a listing that cannot be trusted", () => {
  const page = (rest: string) => ({
    kind: "answer" as const,
    status: 200,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType>${rest}</ListBucketResult>`,
  });

  it.each([
    ["goes on, but not where", "<IsTruncated>true</IsTruncated>"],
    ["holds an entry without a size", "<Contents><Key>a</Key></Contents>"],
    ["holds a key that is not UTF-8", "<Contents><Key>%FF</Key><Size>1</Size></Contents>"],
  ])("is Unavailable when it %s", async (_, rest) => {
    s3.proxy.faults.inject({ match: {}, times: 1, fault: page(rest) });
    await expect(s3.provider().listPage()).rejects.toMatchObject({ code: "Unavailable" });
  });

  it("is Unavailable when it comes back to the same place for ever", async () => {
    const same = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>";
    s3.proxy.faults.inject({ match: {}, times: Infinity, fault: page(same) });
    await expect(Array.fromAsync(s3.provider().list())).rejects.toMatchObject({ code: "Unavailable" });
    expect(seen()).toHaveLength(2);
  });

  it("is read as it stands where the service does not know encoding-type", async () => {
    const body = page("<Contents><Key>a+b%20c</Key><Size>1</Size></Contents>").body.replace(
      /<EncodingType>.*<\/EncodingType>/,
      "",
    );
    s3.proxy.faults.inject({ match: {}, times: 1, fault: { kind: "answer", status: 200, body } });
    expect((await s3.provider().listPage()).entries).toMatchObject([{ key: "a+b%20c" }]);
  });
});

describe("deleting many", () => {
  it("reports every key on its own, and those that XML would change are deleted apart (G12)", async () => {
    const provider = s3.provider();
    const keys = ["a", "b\rc", "d\te\nf", "g&<>", " h "];
    for (const key of keys) await provider.put(key, "x");
    s3.proxy.faults.clear();
    const outcomes = await Array.fromAsync(provider.deleteMany([...keys, "missing"]));
    expect(new Map(outcomes.map(({ key, error }) => [key, error?.code]))).toEqual(
      new Map([...keys, "missing"].map((key) => [key, undefined])),
    );
    expect(seen().sort()).toEqual(["DELETE", "POST"]);
    for (const key of keys) expect(await provider.exists(key)).toBe(false);
  });

  it("names the keys that were refused, and does not call them deleted", async () => {
    const body =
      "<?xml version='1.0'?><DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error>" +
      "<Error><Key>c</Key><Code>InternalError</Code></Error><Error><Key>d</Key><Code>NoSuchKey</Code></Error></DeleteResult>";
    s3.proxy.faults.inject({ match: { method: "POST" }, times: 1, fault: { kind: "answer", status: 200, body } });
    const outcomes = await Array.fromAsync(s3.provider().deleteMany(["a", "b", "c", "d"]));
    expect(Object.fromEntries(outcomes.map(({ key, error }) => [key, error?.code]))).toEqual({
      a: undefined,
      b: "PermissionDenied",
      c: "Unavailable",
      d: undefined,
    });
    expect(outcomes.find(({ key }) => key === "b")?.error).toMatchObject({
      provider: "s3",
      operation: "deleteMany",
      key: "b",
    });
  });

  it("fails as a whole when the answer speaks of other keys, for then nothing is known of ours", async () => {
    const body = "<DeleteResult><Error><Key>other</Key><Code>AccessDenied</Code></Error></DeleteResult>";
    s3.proxy.faults.inject({ match: { method: "POST" }, times: 1, fault: { kind: "answer", status: 200, body } });
    const outcomes = await Array.fromAsync(s3.provider().deleteMany(["a"])).catch((error: unknown) => error);
    expect(JSON.stringify(outcomes)).toContain("Unavailable");
  });
});
