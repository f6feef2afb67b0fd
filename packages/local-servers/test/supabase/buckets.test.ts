import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ON_FILE_BACKEND, type Json, startTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.end());

async function codeOf(json: unknown): Promise<string | undefined> {
  return (await target.send("POST", "/bucket", { json })).json.code;
}

describe("§5 buckets", () => {
  test("a new bucket answers with its name, and has the record of a row", async () => {
    const name = `check-${randomBytes(6).toString("hex")}`;
    const created = await target.send("POST", "/bucket", { json: { id: name, name, public: false } });
    expect(created.text).toBe(`{"name":"${name}"}`);
    const { json } = await target.send("GET", `/bucket/${name}`);
    expect(json).toMatchObject({
      id: name,
      name,
      owner: "",
      public: false,
      file_size_limit: null,
      allowed_mime_types: null,
    });
    expect(json).not.toHaveProperty("type");
    expect(json.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await target.send("DELETE", `/bucket/${name}`, { json: {} })).json).toEqual({
      message: "Successfully deleted",
    });
    expect((await target.send("GET", `/bucket/${name}`)).json.code).toBe("NoSuchBucket");
  });

  test("a second one of the name is BucketAlreadyExists", async () => {
    const bucket = await target.bucket();
    expect((await target.send("POST", "/bucket", { json: { name: bucket } })).json).toEqual({
      statusCode: "409",
      error: "Duplicate",
      message: "The resource already exists",
      code: "BucketAlreadyExists",
    });
  });

  test.each(["", " lead", "trail ", "a/b", "ü", "a%b", "x--table-s3", "a".repeat(101)])(
    "the name %j is invalid",
    async (name) => {
      expect(await codeOf({ name })).toBe("InvalidBucketName");
    },
  );

  test("every other character of the grammar may be in a name", async () => {
    const name = `aZ09_!.*'( )&$@=;:+,?-${randomBytes(4).toString("hex")}`;
    expect(await codeOf({ name })).toBeUndefined();
    const path = `/bucket/${encodeURIComponent(name)}`;
    expect((await target.send("GET", path)).json.id).toBe(name);
    expect((await target.send("DELETE", path, { json: {} })).status).toBe(200);
  });

  test("a list is in the order of creation, has the type, and is searched, sorted and paged", async () => {
    const stem = `Seek-${randomBytes(4).toString("hex")}`;
    const names = ["c", "a", "b"].map((end) => `${stem}-${end}`);
    for (const name of names) await target.send("POST", "/bucket", { json: { name } });
    const list = async (query: string): Promise<string[]> =>
      (await target.send("GET", `/bucket?search=${stem.toLowerCase()}${query}`)).json.map((item: Json) => item.name);
    expect(await list("")).toEqual(names);
    expect(await list("&sortColumn=name&sortOrder=asc")).toEqual(names.toSorted());
    expect(await list("&sortColumn=name&sortOrder=desc&limit=1&offset=1")).toEqual([`${stem}-b`]);
    expect((await target.send("GET", `/bucket?search=${stem}`)).json[0].type).toBe("STANDARD");
    expect((await target.send("GET", "/bucket?sortColumn=size")).json.code).toBe("InvalidRequest");
    for (const name of names) await target.send("DELETE", `/bucket/${name}`, { json: {} });
  });

  test.each([
    [1000, 1000],
    ["1KB", 1000],
    ["1.5mb", 1_500_000],
    ["20b", 20],
    [0, 0],
    [null, null],
  ])("a size limit of %j is %j bytes", async (limit, bytes) => {
    const bucket = await target.bucket();
    await target.send("PUT", `/bucket/${bucket}`, { json: { file_size_limit: limit } });
    expect((await target.send("GET", `/bucket/${bucket}`)).json.file_size_limit).toBe(bytes);
  });

  test("a limit that is no size, or above the deployment's, is refused", async () => {
    expect(await codeOf({ name: "x", file_size_limit: "many" })).toBe("InvalidRequest");
    expect(await codeOf({ name: "x", file_size_limit: "900000GB" })).toBe("EntityTooLarge");
    expect((await target.send("PUT", "/bucket/none", { json: {} })).json.code).toBe("InvalidRequest");
    expect((await target.send("PUT", "/bucket/none", { json: { public: true } })).json.code).toBe("NoSuchBucket");
  });

  test("update changes what is said, and null clears", async () => {
    const bucket = await target.bucket({ fileSizeLimit: 10, allowedMimeTypes: ["image/*"] });
    const answer = await target.send("PUT", `/bucket/${bucket}`, { json: { public: true } });
    expect(answer.json).toEqual({ message: "Successfully updated" });
    await target.send("PUT", `/bucket/${bucket}`, { json: { allowed_mime_types: null } });
    expect((await target.send("GET", `/bucket/${bucket}`)).json).toMatchObject({
      public: true,
      file_size_limit: 10,
      allowed_mime_types: null,
    });
  });

  test.each([
    ["image/png", "image/png", true],
    ["image/png", "image/png;foo=bar", false],
    ["image/*", "image/png", true],
    ["image/*", "text/plain", false],
    ["text/*", "text/plain;charset=UTF-8", true],
  ])("the allowed type %s lets %s in: %s", async (allowed, type, expected) => {
    const bucket = await target.bucket({ allowedMimeTypes: [allowed] });
    const headers = { "content-type": type };
    const { json } = await target.send("POST", `/object/${bucket}/k`, { headers, body: "x" });
    expect(json.code).toBe(expected ? undefined : "InvalidMimeType");
    expect(json.message).toBe(expected ? undefined : `mime type ${type} is not supported`);
  });

  test("an entry that is no type is InvalidMimeType", async () => {
    expect(await codeOf({ name: "x", allowed_mime_types: ["no type"] })).toBe("InvalidMimeType");
  });

  test("a bucket with objects cannot be deleted", async () => {
    const bucket = await target.bucket();
    await target.put(bucket, "k");
    expect((await target.send("DELETE", `/bucket/${bucket}`, { json: {} })).json).toEqual({
      statusCode: "409",
      error: "ResourceNotEmpty",
      message: "The bucket you tried to delete is not empty",
      code: "ResourceNotEmpty",
    });
  });

  test.runIf(ON_FILE_BACKEND)("emptyBucket has emptied it by the time it answers, and promises only", async () => {
    const bucket = await target.bucket();
    await target.put(bucket, "k");
    const message = "Empty bucket has been queued. Completion may take up to an hour.";
    expect((await target.send("POST", `/bucket/${bucket}/empty`, { json: {} })).json).toEqual({ message });
    expect((await target.send("POST", `/bucket/${bucket}/empty`, { json: {} })).json).toEqual({ message });
    expect((await target.send("DELETE", `/bucket/${bucket}`, { json: {} })).status).toBe(200);
    expect((await target.send("POST", `/bucket/${bucket}/empty`, { json: {} })).json.code).toBe("NoSuchBucket");
  });

  test("§20 fields of newer servers are ignored", async () => {
    const bucket = await target.bucket();
    const json = { public: false, versioning_status: "Enabled" };
    expect((await target.send("PUT", `/bucket/${bucket}`, { json })).status).toBe(200);
  });
});
