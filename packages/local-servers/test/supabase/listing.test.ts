import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allKeys, type Answer, ON_FILE_BACKEND, type Json, IS_LOCAL, startTarget, type Target } from "./target.ts";

let target: Target;
let tree: string;
const TREE = ["A/one", "B.txt", "a.txt", "a/two", "a/Three", "b", "dir/sub/deep", "dir/x", "dir2/y", "zz/", "/lead"];
beforeAll(async () => {
  target = await startTarget();
  tree = await target.bucket();
  for (const key of TREE) await target.put(tree, key);
});
afterAll(() => target.end());

const v1 = async (json: object, of = tree): Promise<Json[]> =>
  (await target.send("POST", `/object/list/${of}`, { json })).json;
const v2 = (json: object, of = tree): Promise<Answer> => target.send("POST", `/object/list-v2/${of}`, { json });
const namesOf = (items: readonly Json[]): string[] => items.map((item) => item.name);
const v1Names = async (json: object, of = tree): Promise<string[]> => namesOf(await v1(json, of));

/** A bucket with these keys, in this order of creation. */
async function bucketWith(keys: readonly string[]): Promise<string> {
  const bucket = await target.bucket();
  for (const key of keys) await target.put(bucket, key, "x");
  return bucket;
}

/** Names of a listing by levels, page by page, up to `maxPages`. */
async function levelPages(bucket: string, json: object, maxPages = 50): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page: Json = (await v2({ with_delimiter: true, ...json, cursor }, bucket)).json;
    pages.push([...namesOf(page.folders), ...namesOf(page.objects)]);
    cursor = page.hasNext ? page.nextCursor : undefined;
  } while (cursor !== undefined && pages.length < maxPages);
  return pages;
}

describe("§10.1 listing of the first generation", () => {
  test("one level, files and folders mixed, ordered and grouped without regard to case", async () => {
    expect(await v1Names({ prefix: "" })).toEqual(["", "a.txt", "A", "b", "B.txt", "dir", "dir2", "zz"]);
  });

  test("a slash is added to the prefix, which has no case; either spelling of a folder shows both contents", async () => {
    for (const prefix of ["a", "A", "a/", "A/"]) {
      expect(await v1Names({ prefix })).toEqual(["one", "Three", "two"]);
    }
    expect(await v1Names({ prefix: "dir" })).toEqual(["sub", "x"]);
  });

  test("what a file and a folder look like", async () => {
    const [folder, file] = await v1({ prefix: "dir" });
    expect(folder).toEqual({
      name: "sub",
      id: null,
      updated_at: null,
      created_at: null,
      last_accessed_at: null,
      metadata: null,
    });
    expect(Object.keys(file)).toEqual(["name", "id", "updated_at", "created_at", "last_accessed_at", "metadata"]);
    expect(file.metadata).toMatchObject({ size: 5, contentLength: 5, mimetype: "text/plain", httpStatusCode: 200 });
    expect(file.metadata.eTag).toMatch(/^"[0-9a-f]{32}"$/);
  });

  test("a leading slash, a missing folder and a missing bucket are empty", async () => {
    expect(await v1({ prefix: "/dir" })).toEqual([]);
    expect(await v1({ prefix: "nowhere" })).toEqual([]);
    expect(await v1({ prefix: "" }, "no-such-bucket")).toEqual([]);
  });

  test("a key that ends with a slash is a folder that holds a file without a name", async () => {
    expect(await v1Names({ prefix: "zz" })).toEqual([""]);
  });

  test("search is the beginning of a name on that level", async () => {
    expect(await v1Names({ prefix: "", search: "DIR" })).toEqual(["dir", "dir2"]);
    expect(await v1Names({ prefix: "a", search: "t" })).toEqual(["Three", "two"]);
  });

  test("limit, offset and descending order", async () => {
    expect(await v1Names({ prefix: "", limit: 2, offset: 3 })).toEqual(["b", "B.txt"]);
    const bucket = await bucketWith(["f/1", "f/2", "x", "Y"]);
    const sortBy = { column: "name", order: "desc" };
    expect(await v1Names({ prefix: "", sortBy }, bucket)).toEqual(["Y", "x", "f"]);
  });

  test("by time, folders come first, by name", async () => {
    const bucket = await bucketWith(["c", "f/x", "a", "e/x"]);
    const sorted = (order: string): Promise<string[]> =>
      v1Names({ prefix: "", sortBy: { column: "created_at", order } }, bucket);
    expect(await sorted("asc")).toEqual(["e", "f", "c", "a"]);
    expect(await sorted("desc")).toEqual(["f", "e", "a", "c"]);
  });

  test("the default is 100", async () => {
    const bucket = await bucketWith(Array.from({ length: 101 }, (_, index) => `k${String(index).padStart(3, "0")}`));
    expect(await v1({ prefix: "" }, bucket)).toHaveLength(100);
    expect(await v1({ prefix: "", limit: 1000 }, bucket)).toHaveLength(101);
  });

  test("a folder goes with its last object", async () => {
    const bucket = await bucketWith(["f/x"]);
    await target.client.from(bucket).remove(["f/x"]);
    expect(await v1({ prefix: "" }, bucket)).toEqual([]);
  });
});

describe("§10.2 listing of the second generation", () => {
  test("flat by default: every key, bytewise", async () => {
    const { json } = await v2({});
    expect(namesOf(json.objects)).toEqual(TREE.toSorted());
    expect(json).toMatchObject({ hasNext: false, folders: [] });
    expect(Object.keys(json)).toEqual(["hasNext", "folders", "objects"]);
    expect(Object.keys(json.objects[0])).toEqual([
      "id",
      "name",
      "metadata",
      "updated_at",
      "created_at",
      "last_accessed_at",
    ]);
  });

  test("the prefix is plain text, with its case", async () => {
    expect(namesOf((await v2({ prefix: "a" })).json.objects)).toEqual(["a.txt", "a/Three", "a/two"]);
    expect(namesOf((await v2({ prefix: "dir" })).json.objects)).toEqual(["dir/sub/deep", "dir/x", "dir2/y"]);
    expect((await v2({ prefix: "_" })).json.objects).toEqual([]);
  });

  test.each([1, 2, 3, 5])("pages of %i lose nothing, either way", async (limit) => {
    expect(await allKeys(target, tree, limit)).toEqual(TREE.toSorted());
    expect(await allKeys(target, tree, limit, { column: "name", order: "desc" })).toEqual(TREE.toSorted().toReversed());
  });

  test("the cursor is base64 of the last key, so any key can be made a start", async () => {
    const { json } = await v2({ limit: 2 });
    expect(json.nextCursorKey).toBe(namesOf(json.objects).at(-1));
    const lines = Buffer.from(json.nextCursor, "base64").toString().split("\n");
    expect(lines[0]).toBe(`l:${json.nextCursorKey}`);
    const cursor = Buffer.from("l:dir").toString("base64");
    expect(namesOf((await v2({ cursor })).json.objects)).toEqual(["dir/sub/deep", "dir/x", "dir2/y", "zz/"]);
  });

  test("the cursor pins the order", async () => {
    const { json } = await v2({ limit: 1, sortBy: { column: "name", order: "desc" } });
    expect(namesOf((await v2({ limit: 1, cursor: json.nextCursor })).json.objects)).toEqual(["dir2/y"]);
  });

  test("a cursor is a position: what is removed does no harm, what comes before it is missed", async () => {
    const bucket = await bucketWith(["a", "c", "e"]);
    const { nextCursor } = (await v2({ limit: 2 }, bucket)).json;
    await target.client.from(bucket).remove(["c"]);
    await target.put(bucket, "b");
    await target.put(bucket, "d");
    expect(namesOf((await v2({ cursor: nextCursor }, bucket)).json.objects)).toEqual(["d", "e"]);
  });

  test.each(["rubbish", Buffer.from("x:y").toString("base64")])("the cursor %s is InvalidParameter", async (cursor) => {
    expect((await v2({ cursor })).json).toEqual({
      statusCode: "400",
      error: "InvalidParameter",
      message: "Invalid Parameter continuation token",
      code: "InvalidParameter",
    });
  });

  test("with delimiter: one level below the last slash of the prefix", async () => {
    const { json } = await v2({ with_delimiter: true, prefix: "dir/" });
    expect(json.folders).toEqual([
      {
        key: "sub",
        name: "dir/sub/",
        id: null,
        metadata: null,
        updated_at: null,
        created_at: null,
        last_accessed_at: null,
      },
    ]);
    expect(json.objects).toMatchObject([{ key: "x", name: "dir/x" }]);
    expect(namesOf((await v2({ with_delimiter: true, prefix: "dir" })).json.folders)).toEqual(["dir/", "dir2/"]);
  });

  test("a missing bucket is empty", async () => {
    const answer = await v2({}, "no-such-bucket");
    expect([answer.status, answer.json]).toEqual([200, { hasNext: false, folders: [], objects: [] }]);
  });

  test.each([
    [{ limit: 0 }, "body/limit must be >= 1"],
    [{ sortBy: { column: "size" } }, "body/sortBy/column must be equal to one of the allowed values"],
  ])("%j is refused", async (json, message) => {
    expect((await v2(json)).json.message).toBe(message);
  });

  test("flat by time", async () => {
    const bucket = await bucketWith(["c", "a", "b"]);
    await target.put(bucket, "c", "again");
    const { json } = await v2({ sortBy: { column: "updated_at", order: "desc" } }, bucket);
    expect(namesOf(json.objects)).toEqual(["c", "b", "a"]);
    const created = await v2({ sortBy: { column: "created_at", order: "asc" } }, bucket);
    expect(namesOf(created.json.objects)).toEqual(["c", "a", "b"]);
  });

  test.runIf(IS_LOCAL)("pages and listings are capped at 1,000 and 1,500 without a word", async () => {
    const bucket = await target.bucket();
    const content = Buffer.from("x");
    for (let index = 0; index < 1600; index += 1) {
      await target.local?.plantObject(bucket, `k${String(index).padStart(4, "0")}`, content);
    }
    expect((await v2({ limit: 5000 }, bucket)).json.objects).toHaveLength(1000);
    expect((await v2({}, bucket)).json.objects).toHaveLength(1000);
    expect(await v1({ prefix: "", limit: 5000 }, bucket)).toHaveLength(1500);
    expect(await allKeys(target, bucket, 1000)).toHaveLength(1600);
  });
});

describe("§10.4 defects of listings, which the real server has", () => {
  const PHOTOS = ["photo", "photo-1.jpg", "photo.jpg", "z"];

  test("a page that ends with a key loses what continues that key below the slash", async () => {
    const bucket = await bucketWith(PHOTOS);
    expect((await levelPages(bucket, { limit: 1 })).flat()).toEqual(["photo", "z"]);
    expect((await levelPages(bucket, { limit: 4 })).flat()).toEqual(PHOTOS);
    expect(await allKeys(target, bucket, 1)).toEqual(PHOTOS);
  });

  test.runIf(IS_LOCAL)("the first generation loses a key where an inner batch ends", async () => {
    const bucket = await target.bucket();
    const keys = Array.from({ length: 301 }, (_, index) => `f${String(index).padStart(4, "0")}`).flatMap((key) => [
      key,
      `${key}-1.jpg`,
    ]);
    keys.pop();
    // One key more in front makes the hundredth key one that the next key continues.
    keys.unshift("e");
    keys.pop();
    for (const key of keys) await target.local?.plantObject(bucket, key, Buffer.from("x"));
    expect(keys).toHaveLength(601);
    const listed = async (limit: number): Promise<string[]> => {
      const names: string[] = [];
      for (;;) {
        const page = await v1Names({ prefix: "", limit, offset: names.length }, bucket);
        names.push(...page);
        if (page.length < limit) return names;
      }
    };
    for (const limit of [50, 100]) expect((await listed(limit)).length).toBeLessThan(601);
    expect(await listed(1000)).toHaveLength(601);
  });

  test.runIf(ON_FILE_BACKEND)("backwards with delimiter, the same page comes for ever", async () => {
    const bucket = await bucketWith(["a", "photo", "photo-1.jpg", "photo/x"]);
    const pages = await levelPages(bucket, { limit: 1, sortBy: { column: "name", order: "desc" } }, 20);
    expect(pages).toHaveLength(20);
    expect(pages.flat()).not.toContain("a");
  });

  test.runIf(ON_FILE_BACKEND)("backwards, the object that shows a folder behind a file is passed over", async () => {
    const bucket = await bucketWith(["a/x", "b"]);
    expect((await levelPages(bucket, { sortBy: { column: "name", order: "desc" } })).flat()).toEqual(["b"]);
  });

  test("by time with delimiter, small pages never end once a folder closes one", async () => {
    const bucket = await bucketWith(["f/x", "a", "b"]);
    const pages = await levelPages(bucket, { limit: 1, sortBy: { column: "created_at", order: "asc" } }, 10);
    expect(pages).toHaveLength(10);
    const { json } = await v2({ with_delimiter: true, sortBy: { column: "created_at", order: "asc" } }, bucket);
    expect([...namesOf(json.folders), ...namesOf(json.objects)]).toEqual(["f/", "a", "b"]);
  });

  test.runIf(IS_LOCAL)("by time, rows of one millisecond are lost at the end of a page", async () => {
    const frozen = await startTarget({ clock: () => 1_800_000_000_000 });
    const bucket = await frozen.bucket();
    // Times in the order of writing, names in another.
    for (let index = 0; index < 100; index += 1) {
      await frozen.local?.plantObject(bucket, `k${String((index * 37) % 100).padStart(2, "0")}`, Buffer.from("x"));
    }
    const keys = await allKeys(frozen, bucket, 10, { column: "created_at", order: "asc" });
    expect(new Set(keys).size).toBeLessThan(60);
    expect(await allKeys(frozen, bucket, 10)).toHaveLength(100);
    await frozen.end();
  });
});

describe("§16 the record", () => {
  test.runIf(ON_FILE_BACKEND)("metadata of a row, in its order", async () => {
    await target.put(tree, "b", "hello", { "cache-control": "max-age=1", "x-robots-tag": "all" });
    const [row] = (await v2({ prefix: "b" })).json.objects;
    expect(Object.keys(row.metadata)).toEqual([
      "eTag",
      "size",
      "mimetype",
      "cacheControl",
      "lastModified",
      "contentLength",
      "httpStatusCode",
      "xRobotsTag",
    ]);
    expect(row.metadata).toMatchObject({ eTag: '"5d41402abc4b2a76b9719d911017c592"', size: 5, xRobotsTag: "all" });
    expect(row.metadata.lastModified).toMatch(/\.\d{3}Z$/);
  });
});
