import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { localSupabase, streamOf, someBytes, PIECE_BYTES, type LocalSupabase } from "./local-supabase.ts";

let local: LocalSupabase;
let selectOnly: string;
beforeAll(async () => {
  local = await localSupabase({ policies: { authenticated: ({ command }) => command === "select" } });
  selectOnly = local.server.signUserToken("00000000-0000-0000-0000-000000000001");
});
afterAll(() => local.close());
beforeEach(() => local.proxy.faults.clear());

const NO_SUCH_KEY = JSON.stringify({
  statusCode: "404",
  error: "not_found",
  message: "Object not found",
  code: "NoSuchKey",
});

/** What an object has that was put without anything. */
const BARE = { metadata: {}, cacheControl: "no-cache", contentType: "application/octet-stream" };

describe("put", () => {
  it("costs two requests: the upload, and one for the ETag", async () => {
    await local.provider.put("two.txt", "x");
    expect(local.proxy.faults.seen()).toHaveLength(2);
  });

  it("leaves the ETag empty when somebody else deleted or overwrote the object before it could be asked for", async () => {
    const match = { path: "/object/info/" };
    local.proxy.faults.inject({
      match,
      times: 1,
      fault: { kind: "answer", status: 400, headers: { "content-type": "application/json" }, body: NO_SUCH_KEY },
    });
    expect(await local.provider.put("gone.txt", "mine")).toMatchObject({ size: 4, etag: "" });

    const theirs = { ...(await local.rawInfo("gone.txt")), size: 1000 };
    local.proxy.faults.inject({ match, times: 1, fault: { kind: "rewrite", body: JSON.stringify(theirs) } });
    expect(await local.provider.put("gone.txt", "mine")).toMatchObject({ size: 4, etag: "" });
  });

  it("says that the object is stored when only the question for its ETag failed", async () => {
    local.proxy.faults.inject({ match: { path: "/object/info/" }, times: 1, fault: { kind: "answer", status: 503 } });
    await expect(local.provider.put("stored.txt", "x")).rejects.toMatchObject({ code: "Unavailable", applied: true });
    expect(await local.direct.exists("stored.txt")).toBe(true);
  });

  it("finds out when a stream of unknown length was stored short", async () => {
    const short = { ...(await local.rawInfo("stored.txt")), name: "short.bin", size: 10 };
    local.proxy.faults.inject({
      match: { path: "/object/info/" },
      times: 1,
      fault: { kind: "rewrite", status: 200, body: JSON.stringify(short) },
    });
    const put = local.provider.put("short.bin", streamOf(someBytes(2 * PIECE_BYTES)), { cacheControl: "private" });
    await expect(put).rejects.toMatchObject({ code: "IncompleteBody", applied: true });
  });

  it("refuses to call a success what went to another key", async () => {
    local.proxy.faults.inject({
      match: { method: "POST", path: "a//b.txt" },
      times: 1,
      fault: { kind: "rewrite", body: '{"Key":"media/a/b.txt","Id":"x"}' },
    });
    await expect(local.provider.put("a//b.txt", "x")).rejects.toMatchObject({ code: "InvalidConfig", applied: true });
  });

  it("takes the percent-encoded name of a key for the key", async () => {
    local.proxy.faults.inject({
      match: { method: "POST", path: "logo" },
      times: 1,
      fault: { kind: "rewrite", body: '{"Key":"media/logo%402x.png","Id":"x"}' },
    });
    expect(await local.provider.put("logo@2x.png", "x")).toMatchObject({ key: "logo@2x.png", size: 1 });
  });

  it("A25 that meets another write to the same key is a Conflict, as a copy is", async () => {
    const body =
      '{"statusCode":"409","error":"Duplicate","message":"The resource already exists","code":"KeyAlreadyExists"}';
    const fault = { kind: "answer", status: 400, headers: { "content-type": "application/json" }, body } as const;
    local.proxy.faults.inject({ match: { method: "POST" }, times: 2, fault });
    await expect(local.provider.put("met.txt", "x")).rejects.toMatchObject({ code: "Conflict", retryable: true });
    await expect(local.provider.copy("met.txt", "copy.txt")).rejects.toMatchObject({
      code: "Conflict",
      retryable: true,
    });
  });

  it("B17 stores an empty folder placeholder, and no bytes under its name", async () => {
    await local.provider.put("folder/.emptyFolderPlaceholder", "");
    expect((await local.provider.head("folder/.emptyFolderPlaceholder")).size).toBe(0);
    // The service looks at the end of the key, wherever the name begins.
    for (const key of ["folder/.emptyFolderPlaceholder", "folder/not.emptyFolderPlaceholder"]) {
      const put = local.provider.put(key, "x");
      await expect(put).rejects.toMatchObject({ code: "InvalidKey" });
    }
  });

  it("names the limits of a bucket", async () => {
    await local.raw("/bucket", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        id: "strict",
        name: "strict",
        public: false,
        file_size_limit: 10,
        allowed_mime_types: ["image/png"],
      }),
    });
    const strict = local.make({ bucket: "strict" });
    await expect(strict.put("a", "x".repeat(11), { contentType: "image/png" })).rejects.toMatchObject({
      code: "TooLarge",
    });
    await expect(strict.put("a", someBytes(2 * PIECE_BYTES), { contentType: "image/png" })).rejects.toMatchObject({
      code: "TooLarge",
    });
    await expect(strict.put("a", "x", { contentType: "text/plain" })).rejects.toMatchObject({
      code: "InvalidArgument",
    });
  });
});

describe("copy", () => {
  it("I03 over an object with metadata leaves nothing of it, when the source has none", async () => {
    await local.provider.put("from.txt", "from");
    for (const replace of [undefined, {}]) {
      await local.provider.put("to.txt", "to", {
        metadata: { old: "yes" },
        cacheControl: "max-age=9",
        contentType: "text/css",
      });
      await local.provider.copy("from.txt", "to.txt", { replace });
      const { metadata, cacheControl, contentType } = await local.provider.head("to.txt");
      expect({ metadata, cacheControl, contentType }).toEqual(BARE);
    }
  });

  it("I03 takes over that a source has no metadata at all, as other clients leave it", async () => {
    const tus = (headers: Record<string, string>) =>
      local.raw("/upload/resumable", { method: "POST", headers: { "tus-resumable": "1.0.0", ...headers } });
    const entry = (name: string, value: string) => `${name} ${Buffer.from(value).toString("base64")}`;
    await tus({
      "upload-length": "0",
      "upload-metadata": [entry("bucketName", "media"), entry("objectName", "bare.txt")].join(","),
    });
    expect((await local.rawInfo("bare.txt"))["metadata"]).toBeNull();
    await local.provider.put("to.txt", "to", { metadata: { old: "yes" } });
    await local.provider.copy("bare.txt", "to.txt");
    expect((await local.provider.head("to.txt")).metadata).toEqual({});
  });

  it("takes its source from the bucket that it names", async () => {
    const another = local.make({ bucket: "another-bucket" });
    await another.ensureBucket();
    await another.put("from.txt", "of another bucket");
    await local.provider.put("from.txt", "own");
    const result = await local.provider.copy("from.txt", "from.txt", { fromBucket: "another-bucket" });
    expect(result).toMatchObject({ key: "from.txt", size: 17 });
    expect((await local.provider.head("from.txt")).size).toBe(17);
  });

  it("is one request, and tells ETag and version of the copy", async () => {
    await local.provider.put("from.txt", "from");
    local.proxy.faults.clear();
    const result = await local.provider.copy("from.txt", "to.txt");
    expect(local.proxy.faults.seen()).toHaveLength(1);
    const { etag, size, version } = await local.provider.head("to.txt");
    expect(result).toEqual({ key: "to.txt", etag, size, version });
  });

  it("says so when the service kept headers that it was told to replace", async () => {
    await local.provider.put("from.txt", "from", { contentType: "text/plain" });
    const kept = { ...(await copiedRow()), user_metadata: {} };
    local.proxy.faults.inject({
      match: { path: "/object/copy" },
      times: 1,
      fault: { kind: "rewrite", body: JSON.stringify(kept) },
    });
    const copy = local.provider.copy("from.txt", "to.txt", { replace: { contentType: "text/css" } });
    await expect(copy).rejects.toMatchObject({ code: "Unsupported", applied: true });
  });

  async function copiedRow(): Promise<object> {
    const answer = await local.raw("/object/copy", {
      method: "POST",
      headers: { "content-type": "application/json", "x-upsert": "true" },
      body: JSON.stringify({ bucketId: "media", sourceKey: "from.txt", destinationKey: "to.txt" }),
    });
    return (await answer.json()) as object;
  }
});

describe("delete", () => {
  it("G11 says of every key whether a policy forbade it, where the service would only stay silent", async () => {
    await local.provider.put("kept.txt", "x");
    const reader = local.make({ key: selectOnly });
    await expect(reader.delete("kept.txt")).rejects.toMatchObject({ code: "PermissionDenied" });
    await expect(reader.delete("missing.txt")).resolves.toBeUndefined();
    const outcomes = new Map<string, string | undefined>();
    for await (const { key, error } of reader.deleteMany(["kept.txt", "missing.txt"])) outcomes.set(key, error?.code);
    expect(outcomes).toEqual(
      new Map([
        ["kept.txt", "PermissionDenied"],
        ["missing.txt", undefined],
      ]),
    );
    expect(await local.direct.exists("kept.txt")).toBe(true);
  });

  it("G10 of 1,000 of the longest keys is one request that the service takes", async () => {
    const { maxBytes } = local.provider.capabilities.keys;
    const keys = Array.from({ length: 1000 }, (_, index) =>
      `${String(index).padStart(4, "0")}/${`${"x".repeat(255)}/`.repeat(3)}`.padEnd(maxBytes, "y"),
    );
    let deleted = 0;
    for await (const { error } of local.provider.deleteMany(keys)) deleted += error === undefined ? 1 : 0;
    expect(deleted).toBe(1000);
    expect(local.proxy.faults.seen().filter(({ method }) => method === "DELETE")).toHaveLength(1);
  });
});
