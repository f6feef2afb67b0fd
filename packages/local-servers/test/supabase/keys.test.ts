import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allKeys, encodeKey, ON_FILE_BACKEND, startTarget, type Target } from "./target.ts";

const ALLOWED = "AZaz09_!.*'() &$@=;:+,?-";
const FORBIDDEN = [
  '"',
  "#",
  "%",
  "<",
  ">",
  "[",
  "\\",
  "]",
  "^",
  "{",
  "|",
  "}",
  "~",
  "`",
  "\t",
  "\u0001",
  "é",
  "e\u0301",
];

let target: Target;
let bucket: string;
beforeAll(async () => {
  target = await startTarget();
  bucket = await target.bucket();
});
afterAll(() => target.end());

describe("§6 keys", () => {
  test("every character of the grammar works when it is encoded", async () => {
    const key = `all/${ALLOWED}/end`;
    await target.put(bucket, key, "all");
    const path = `${bucket}/${encodeKey(key)}`;
    expect((await target.send("GET", `/object/authenticated/${path}`)).text).toBe("all");
    expect((await target.send("GET", `/object/info/${path}`)).json.name).toBe(key);
    expect((await target.client.from(bucket).remove([key])).data?.[0]?.name).toBe(key);
  });

  test("every character but the question mark works unencoded through the client", async () => {
    const key = `raw/${ALLOWED.replace("?", "")}`;
    const { data } = await target.client.from(bucket).upload(key, Buffer.from("raw"), { contentType: "text/plain" });
    expect(data?.fullPath).toBe(`${bucket}/${key}`);
    expect(await (await target.client.from(bucket).download(key)).data?.text()).toBe("raw");
  });

  test.each(FORBIDDEN)("the character %j is InvalidKey", async (character) => {
    const key = `a${character}b`;
    const answer = await target.send("POST", `/object/${bucket}/${encodeKey(key)}`, { body: "x" });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      statusCode: "400",
      error: "InvalidKey",
      message: `Invalid key: ${key}`,
      code: "InvalidKey",
    });
  });

  test("an empty key is InvalidKey", async () => {
    expect((await target.send("POST", `/object/${bucket}/`, { body: "x" })).json.code).toBe("InvalidKey");
  });

  test("escapes are decoded once: %2525 is a percent sign and digits, %2F is a slash", async () => {
    const twice = await target.send("POST", `/object/${bucket}/a%2525b`, { body: "x" });
    expect(twice.json.message).toBe("Invalid key: a%25b");
    await target.send("POST", `/object/${bucket}/in%2Fner`, { body: "x" });
    expect((await target.send("GET", `/object/info/${bucket}/in/ner`)).json.name).toBe("in/ner");
  });

  test("leading, trailing and double slashes make distinct keys", async () => {
    const own = await target.bucket();
    const keys = ["/lead", "a//b", "a/b", "trail", "trail/", "...", ".hidden", "x.info", "photo", "photo/x"];
    for (const key of keys) await target.put(own, key, key);
    for (const key of keys) {
      expect((await target.send("GET", `/object/${own}/${encodeKey(key)}`)).text).toBe(key);
    }
    expect(await allKeys(target, own, 3)).toEqual(keys.toSorted());
  });

  test.runIf(ON_FILE_BACKEND).each(["a/../b", "./x", "..", "a/."])(
    "the dot segment in %s is InvalidKey",
    async (key) => {
      const { json } = await target.send("POST", `/object/${bucket}/${key}`, { body: "x" });
      expect(json.code).toBe("InvalidKey");
      expect(json.message).toMatch(/^Invalid key: .*contains dot path segment$/);
    },
  );

  test("trap 3: the client cuts a key at its question mark without an error", async () => {
    const own = await target.bucket();
    for (const key of ["q?1", "q?2"]) {
      const { error } = await target.client.from(own).upload(key, "x", { upsert: true });
      expect(error).toBeNull();
    }
    expect(await allKeys(target, own, 10)).toEqual(["q"]);
  });

  test("the stand-in of an empty folder must be empty, and may have any type", async () => {
    const own = await target.bucket({ allowedMimeTypes: ["image/png"] });
    const put = (body: string, key: string): Promise<{ json: { code?: string } }> =>
      target.send("POST", `/object/${own}/${key}`, { headers: { "content-type": "text/plain" }, body });
    expect((await put("x", "dir/.emptyFolderPlaceholder")).json.code).toBe("EntityTooLarge");
    expect((await put("x", "dir/not.emptyFolderPlaceholder")).json.code).toBe("EntityTooLarge");
    expect((await put("", "dir/.emptyFolderPlaceholder")).json.code).toBeUndefined();
    expect((await put("", "dir/other")).json.code).toBe("InvalidMimeType");
    expect(await allKeys(target, own, 10)).toEqual(["dir/.emptyFolderPlaceholder"]);
  });
});
