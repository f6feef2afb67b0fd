import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signToken } from "../../src/supabase/web-token.ts";
import { ON_FILE_BACKEND, IS_LOCAL, startTarget, type Target } from "./target.ts";

const SECRET = "secret-of-the-checks";
let target: Target;
let bucket: string;

beforeAll(async () => {
  target = await startTarget({ jwtSecret: SECRET });
  bucket = await target.bucket();
  await target.put(bucket, "there");
});
afterAll(() => target.end());

describe("§2 connecting", () => {
  test("status needs no token and is empty", async () => {
    const answer = await target.send("GET", "/status", { key: null });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  test("version is text", async () => {
    expect((await target.send("GET", "/version", { key: null })).text).toMatch(/\d/);
  });

  test("health needs a token, and says so with the fields in its own order", async () => {
    expect((await target.send("GET", "/health")).json).toEqual({ healthy: true });
    const refused = await target.send("GET", "/health", { key: "nonsense" });
    expect(refused.status).toBe(400);
    expect(Object.keys(refused.json)).toEqual(["statusCode", "code", "error", "message"]);
  });

  test.runIf(IS_LOCAL)("the gateway adds CORS, and knows no other path than its prefix", async () => {
    const preflight = await target.send("OPTIONS", "/object/b/k", {
      key: null,
      headers: { origin: "http://app.example", "access-control-request-headers": "authorization" },
    });
    expect([preflight.status, preflight.headers["access-control-allow-headers"]]).toEqual([204, "authorization"]);
    expect((await target.send("GET", "/status")).headers["access-control-allow-origin"]).toBe("*");
    const outside = await fetch(`${target.local?.url}/rest/v1/users`);
    expect(outside.status).toBe(404);
  });

  test.runIf(IS_LOCAL)("§15 the S3 endpoint is not here and says 501", async () => {
    expect((await target.send("GET", `/s3/${bucket}`)).status).toBe(501);
  });

  test.runIf(IS_LOCAL)("requests are recorded without tokens", async () => {
    await target.send("GET", `/object/sign/${bucket}/there?token=abc.def.ghi`, { key: null });
    const last = target.local?.requests().at(-1);
    expect(last).toEqual({ method: "GET", url: `/storage/v1/object/sign/${bucket}/there?token=***`, status: 400 });
  });
});

describe("§3 errors", () => {
  test("a failure is HTTP 400 with the real status as text in the body, four fields in order", async () => {
    const answer = await target.send("GET", `/object/authenticated/${bucket}/missing`);
    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.text).toBe(
      '{"statusCode":"404","error":"not_found","message":"Object not found","code":"NoSuchKey"}',
    );
  });

  test("an unknown path outside of the service's areas is a 404 with a number and no code", async () => {
    const answer = await target.send("GET", "/x");
    expect(answer.status).toBe(404);
    expect(answer.text).toBe('{"message":"Route GET:/x not found","error":"Not Found","statusCode":404}');
  });

  test("an unknown path inside of them is a 404 with all four fields", async () => {
    const answer = await target.send("PATCH", "/object/b/k");
    expect(answer.status).toBe(404);
    expect(answer.text).toBe(
      '{"statusCode":"404","error":"Not Found","message":"Route PATCH:/object/b/k not found","code":"InvalidRequest"}',
    );
  });

  test.each(["%zz", "%", "a%ff", "%e4"])("the bad escape %s in a path is FST_ERR_BAD_URL", async (escape) => {
    const answer = await target.send("GET", `/object/authenticated/b/${escape}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(
      `{"error":"Bad Request","code":"FST_ERR_BAD_URL","message":"'/object/authenticated/b/${escape}' is not a valid url component","statusCode":400}`,
    );
  });

  test("a body that is not JSON, and none where JSON is announced, are FastifyErrors", async () => {
    const headers = { "content-type": "application/json" };
    const broken = await target.send("POST", `/object/list/${bucket}`, { headers, body: "{" });
    expect(broken.json).toEqual({
      statusCode: "400",
      error: "FastifyError",
      message: "Body is not valid JSON but content-type is set to 'application/json'",
      code: "InvalidRequest",
    });
    const empty = await target.send("DELETE", `/object/${bucket}/there`, { headers });
    expect(empty.json.message).toBe("Body cannot be empty when content-type is set to 'application/json'");
  });

  test.each([
    [{ limit: 1 }, "body must have required property 'prefix'"],
    [{ prefix: "", limit: 0 }, "body/limit must be >= 1"],
    [{ prefix: "", limit: 1.5 }, "body/limit must be integer"],
    [{ prefix: "", offset: -1 }, "body/offset must be >= 0"],
    [{ prefix: "", sortBy: { column: "size" } }, "body/sortBy/column must be equal to one of the allowed values"],
  ])("the body %j is refused: %s", async (json, message) => {
    const answer = await target.send("POST", `/object/list/${bucket}`, { json });
    expect(answer.json).toEqual({ statusCode: "400", error: "Error", message, code: "InvalidRequest" });
  });

  test("§21 numbers may be text, and unknown fields are ignored", async () => {
    const answer = await target.send("POST", `/object/list/${bucket}`, { json: { prefix: "", limit: "5", more: 1 } });
    expect(answer.status).toBe(200);
  });

  test("a token parameter that is missing is named", async () => {
    const answer = await target.send("GET", `/object/sign/${bucket}/there`, { key: null });
    expect(answer.json.message).toBe("querystring must have required property 'token'");
  });

  test("§17 a JSON body above 1 MiB is an honest 413", async () => {
    const answer = await target.send("DELETE", `/object/${bucket}`, { json: { prefixes: ["x".repeat(1_100_000)] } });
    expect(answer.status).toBe(413);
    expect(answer.json).toEqual({
      statusCode: "413",
      error: "FastifyError",
      message: "Request body is too large",
      code: "EntityTooLarge",
    });
  });

  test("§17 headers above 16 KiB are a 431 without a body", async () => {
    const answer = await target.send("GET", "/status", { headers: { "x-filler": "x".repeat(17_000) } });
    expect([answer.status, answer.text]).toEqual([431, ""]);
  });

  test("§3.3 the client shows HTTP status, body status and code apart", async () => {
    const { error } = await target.client.from(bucket).info("missing");
    expect(error).toMatchObject({ status: 400, statusCode: "404", code: "NoSuchKey" });
    await expect(target.client.from("no-such-bucket").exists("k")).rejects.toMatchObject({ code: "NoSuchBucket" });
    expect((await target.client.from(bucket).exists("missing")).data).toBe(false);
  });

  test.runIf(IS_LOCAL).each([
    ["SlowDown", 429, "429"],
    ["LockTimeout", 503, "503"],
    ["ResourceLocked", 400, "423"],
    ["DatabaseTimeout", 544, "544"],
    ["InternalError", 500, "500"],
  ] as const)("an overloaded server says %s with HTTP %i", async (code, status, statusCode) => {
    target.local?.setFault(() => code);
    const answer = await target.send("GET", `/object/${bucket}/there`);
    target.local?.setFault(() => undefined);
    expect([answer.status, answer.json.statusCode, answer.json.code]).toEqual([status, statusCode, code]);
  });
});

describe("§4 who may call", () => {
  const refusals = [
    ["rubbish", "Invalid Compact JWS"],
    ["sb_secret_abc", "Invalid Compact JWS"],
    [signToken({ role: "service_role" }, "another secret"), "signature verification failed"],
  ] as const;

  test.each(refusals)("on a route that needs a token, %s is AccessDenied", async (key, message) => {
    const answer = await target.send("GET", "/bucket", { key });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ statusCode: "403", error: "Unauthorized", message, code: "AccessDenied" });
  });

  test.runIf(IS_LOCAL)("an expired token is AccessDenied", async () => {
    const key = signToken({ role: "service_role", exp: Math.floor(Date.now() / 1000) - 1 }, SECRET);
    expect((await target.send("GET", "/bucket", { key })).json.message).toBe('"exp" claim timestamp check failed');
  });

  test("an absent header is a schema error", async () => {
    const answer = await target.send("GET", "/bucket", { key: null });
    expect(answer.json).toEqual({
      statusCode: "400",
      error: "Error",
      message: "headers must have required property 'authorization'",
      code: "InvalidRequest",
    });
  });

  test("the apikey header alone is no permission", async () => {
    const answer = await target.send("GET", "/bucket", { key: null, headers: { apikey: target.serviceKey } });
    expect(answer.json.code).toBe("InvalidRequest");
  });

  test.each([["bad"], [null]])("where a token is optional, %s makes a private bucket vanish", async (key) => {
    for (const path of [`/object/${bucket}/there`, `/object/info/${bucket}/there`]) {
      expect((await target.send("GET", path, { key })).json.code).toBe("NoSuchBucket");
    }
    const head = await target.send("HEAD", `/object/${bucket}/there`, { key });
    expect([head.status, head.text]).toEqual([400, ""]);
  });

  test.runIf(IS_LOCAL)("no role acts like anon, and an unknown role is a database error", async () => {
    const nobody = signToken({ sub: "u1" }, SECRET);
    expect((await target.send("GET", "/bucket", { key: nobody })).json).toEqual([]);
    const stranger = await target.send("GET", "/bucket", { key: signToken({ role: "stranger" }, SECRET) });
    expect(stranger.status).toBe(500);
    expect(stranger.json).toEqual({
      statusCode: "500",
      error: "DatabaseError",
      message: "database error, code: 22023",
      code: "DatabaseError",
    });
  });

  test("anon without policies sees nothing, changes nothing, and is told little", async () => {
    const as = { key: target.anonKey };
    const codeOf = async (method: string, path: string, json?: unknown): Promise<string> =>
      (await target.send(method, path, { ...as, ...(json === undefined ? {} : { json }) })).json.code;
    expect((await target.send("GET", "/bucket", as)).json).toEqual([]);
    expect(await codeOf("GET", `/bucket/${bucket}`)).toBe("NoSuchBucket");
    expect(await codeOf("DELETE", `/bucket/${bucket}`, {})).toBe("NoSuchBucket");
    expect(await codeOf("POST", "/bucket", { name: "new" })).toBe("AccessDenied");
    expect(await codeOf("GET", `/object/${bucket}/there`)).toBe("NoSuchKey");
    expect(await codeOf("GET", `/object/info/${bucket}/there`)).toBe("NoSuchKey");
    expect(await codeOf("POST", `/object/${bucket}/new`, {})).toBe("AccessDenied");
    expect((await target.send("POST", `/object/list/${bucket}`, { ...as, json: { prefix: "" } })).json).toEqual([]);
    expect((await target.send("POST", `/object/list-v2/${bucket}`, { ...as, json: {} })).json.objects).toEqual([]);
    expect((await target.send("DELETE", `/object/${bucket}`, { ...as, json: { prefixes: ["there"] } })).json).toEqual(
      [],
    );
  });

  test("emptyBucket is for the service role, with an honest 403", async () => {
    const answer = await target.send("POST", `/bucket/${bucket}/empty`, { key: target.anonKey, json: {} });
    expect(answer.status).toBe(403);
    expect(answer.json).toEqual({
      statusCode: "403",
      error: "Unauthorized",
      message: "Access denied: Invalid role",
      code: "AccessDenied",
    });
  });

  test("a public bucket is readable by everyone who knows the key, and listable by nobody", async () => {
    const open = await target.bucket({ public: true });
    await target.put(open, "a b", "free");
    for (const key of [null, "bad", target.anonKey]) {
      expect((await target.send("GET", `/object/${open}/a%20b`, { key })).text).toBe("free");
      expect((await target.send("GET", `/object/public/${open}/a%20b`, { key })).text).toBe("free");
      expect((await target.send("GET", `/object/info/public/${open}/a%20b`, { key })).json.name).toBe("a b");
    }
    const listing = await target.send("POST", `/object/list-v2/${open}`, { key: target.anonKey, json: {} });
    expect(listing.json.objects).toEqual([]);
  });

  test("a private bucket by its public route is NoSuchBucket", async () => {
    const answer = await target.send("GET", `/object/public/${bucket}/there`, { key: null });
    expect(answer.json.code).toBe("NoSuchBucket");
  });

  test("the authenticated routes give honest errors", async () => {
    for (const path of [`/object/authenticated/${bucket}/there`, `/object/info/authenticated/${bucket}/there`]) {
      expect((await target.send("GET", path, { key: "bad" })).json.code).toBe("AccessDenied");
      expect((await target.send("GET", path)).status).toBe(200);
    }
  });
});

describe("§18 row level security", () => {
  const OPERATIONS = {
    "upload of a new key": ["POST", "new", undefined],
    "upsert of a new key": ["POST", "newer", { "x-upsert": "true" }],
    "upsert over an old key": ["POST", "old", { "x-upsert": "true" }],
    download: ["GET", "old", undefined],
  } as const;

  test.runIf(IS_LOCAL).each([
    ["upload of a new key", ["insert"]],
    ["upsert of a new key", ["insert", "select"]],
    ["upsert over an old key", ["insert", "select", "update"]],
    ["download", ["select"]],
  ] as const)("%s needs exactly the policies %j", async (name, needed) => {
    const own = await target.bucket();
    await target.put(own, "old");
    const [method, key, headers] = OPERATIONS[name];
    const user = target.local?.signUserToken("u1") ?? "";
    const attempt = async (commands: readonly string[]): Promise<number> => {
      target.local?.setPolicies({ authenticated: ({ command }) => commands.includes(command) });
      const options = { key: user, ...(headers === undefined ? {} : { headers }) };
      return (await target.send(method, `/object/${own}/${key}`, options)).status;
    };
    for (const command of needed) {
      expect(await attempt(needed.filter((other) => other !== command)), `without ${command}`).toBe(400);
    }
    expect(await attempt(needed)).toBe(200);
    target.local?.setPolicies({});
  });

  test.runIf(IS_LOCAL)("copy needs select and insert, move needs select and update", async () => {
    const own = await target.bucket();
    await target.put(own, "old");
    const user = target.local?.signUserToken("u1") ?? "";
    const attempt = async (what: "copy" | "move", commands: readonly string[], to: string): Promise<string> => {
      target.local?.setPolicies({ authenticated: ({ command }) => commands.includes(command) });
      const json = { bucketId: own, sourceKey: "old", destinationKey: to };
      return (await target.send("POST", `/object/${what}`, { key: user, json })).json.code;
    };
    expect(await attempt("copy", ["insert"], "c1")).toBe("NoSuchKey");
    expect(await attempt("copy", ["select"], "c1")).toBe("AccessDenied");
    expect(await attempt("copy", ["select", "insert"], "c1")).toBeUndefined();
    expect(await attempt("move", ["select"], "m1")).toBe("NoSuchKey");
    expect(await attempt("move", ["select", "update"], "m1")).toBeUndefined();
    target.local?.setPolicies({});
  });

  test.runIf(IS_LOCAL)(
    "remove needs select and delete; without delete it removes nothing, or is denied for a single key",
    async () => {
      const own = await target.bucket();
      await target.put(own, "old");
      const user = target.local?.signUserToken("u1") ?? "";
      target.local?.setPolicies({ authenticated: ({ command }) => command === "select" });
      const many = await target.send("DELETE", `/object/${own}`, { key: user, json: { prefixes: ["old"] } });
      expect([many.status, many.json]).toEqual([200, []]);
      expect((await target.send("DELETE", `/object/${own}/old`, { key: user })).json.code).toBe("AccessDenied");
      target.local?.setPolicies({ authenticated: ({ command }) => command !== "insert" });
      expect((await target.send("DELETE", `/object/${own}/old`, { key: user })).status).toBe(200);
      target.local?.setPolicies({});
    },
  );

  test.runIf(IS_LOCAL)(
    "policies see the row, so a listing shows what one may see; the owner is the token's sub",
    async () => {
      const own = await target.bucket();
      target.local?.setPolicies({ authenticated: ({ ownerId, sub }) => ownerId === sub });
      for (const sub of ["u1", "u2"]) {
        const key = target.local?.signUserToken(sub) ?? "";
        await target.send("POST", `/object/${own}/${sub}.txt`, { key, body: sub });
      }
      const key = target.local?.signUserToken("u2") ?? "";
      for (const json of [{}, { with_delimiter: true }, { sortBy: { column: "created_at" } }]) {
        const { objects } = (await target.send("POST", `/object/list-v2/${own}`, { key, json })).json;
        expect(objects.map((object: { name: string }) => object.name)).toEqual(["u2.txt"]);
      }
      const v1 = await target.send("POST", `/object/list/${own}`, { key, json: { prefix: "" } });
      expect(v1.json).toHaveLength(1);
      target.local?.setPolicies({});
      const removed = await target.client.from(own).remove(["u2.txt"]);
      expect(removed.data?.[0]).toMatchObject({ owner_id: "u2" });
    },
  );
});

describe("§20 what is broken inside", () => {
  test.runIf(IS_LOCAL)("a row whose bytes are gone is a 500", async () => {
    await target.put(bucket, "lost");
    target.local?.loseBytes(bucket, "lost");
    const answer = await target.send("GET", `/object/authenticated/${bucket}/lost`);
    expect([answer.status, answer.json.code]).toEqual([500, "InternalError"]);
    expect((await target.send("GET", `/object/info/${bucket}/lost`)).json.size).toBe(5);
  });

  test.runIf(ON_FILE_BACKEND)("§6.2 a part of a key above 255 bytes is a 500", async () => {
    const answer = await target.send("POST", `/object/${bucket}/${"n".repeat(256)}`, { body: "x" });
    expect([answer.status, answer.json.code]).toEqual([500, "InternalError"]);
    expect((await target.send("POST", `/object/${bucket}/${"n".repeat(255)}`, { body: "x" })).status).toBe(200);
  });

  test.runIf(IS_LOCAL)(
    "trap 12: a row with the name of another age is listed, and InvalidKey for most routes",
    async () => {
      const own = await target.bucket();
      await target.local?.plantObject(own, "schöne grüße.txt", Buffer.from("x"), "text/plain");
      const { data } = await target.client.from(own).listV2({});
      expect(data?.objects.map(({ name }) => name)).toEqual(["schöne grüße.txt"]);
      const path = `${own}/${encodeURIComponent("schöne grüße.txt")}`;
      expect((await target.send("GET", `/object/${path}`)).json.code).toBe("InvalidKey");
      expect((await target.send("GET", `/object/info/${path}`)).json.code).toBe("InvalidKey");
      const moved = await target.client.from(own).move("schöne grüße.txt", "plain.txt");
      expect(moved.error).toBeNull();
    },
  );
});
