import { CopyObjectCommand, type CopyObjectCommandInput } from "@aws-sdk/client-s3";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check, type Probe } from "./check.ts";
import { head, put, text } from "./objects.ts";

const GROUP = "copy";

function copy(t: Probe, from: string, to: string, extra: Partial<CopyObjectCommandInput> = {}) {
  const source = `${t.bucket}/${from.split("/").map(encodeURIComponent).join("/")}`;
  return t.s3.send(new CopyObjectCommand({ Bucket: t.bucket, Key: to, CopySource: source, ...extra }));
}

export const copyChecks = [
  check(GROUP, "within a bucket: body, metadata and headers are kept", async (t) => {
    const from = t.key("ä b+c/%2F");
    await put(t, from, "body", { Metadata: { a: "1" }, ContentType: "text/x", CacheControl: "no-cache" });
    const { CopyObjectResult } = await copy(t, from, t.key("to"));
    ok(CopyObjectResult?.LastModified instanceof Date);
    equal(await text(t, t.key("to")), "body");
    const found = await head(t, t.key("to"));
    same([found.Metadata, found.ContentType, found.CacheControl], [{ a: "1" }, "text/x", "no-cache"]);
  }),
  check(GROUP, "to another bucket", async (t) => {
    await put(t, t.key("k"), "body");
    await copy(t, t.key("k"), t.key("k"), { Bucket: t.secondBucket });
    equal(await text(t, t.key("k"), { Bucket: t.secondBucket }), "body");
  }),
  check(GROUP, "a source with a leading slash, and one that is wholly percent-encoded", async (t) => {
    await put(t, t.key("k"), "body");
    await copy(t, t.key("k"), t.key("one"), { CopySource: `/${t.bucket}/${t.key("k")}` });
    await copy(t, t.key("k"), t.key("two"), { CopySource: encodeURIComponent(`${t.bucket}/${t.key("k")}`) });
    equal((await text(t, t.key("one"))) + (await text(t, t.key("two"))), "bodybody");
  }),
  check(GROUP, "MetadataDirective REPLACE, also onto itself", async (t) => {
    await put(t, t.key("k"), "body", { Metadata: { a: "1" }, ContentType: "text/x" });
    const replaced = { MetadataDirective: "REPLACE", Metadata: { b: "2" }, ContentType: "text/y" } as const;
    for (const to of [t.key("other"), t.key("k")]) {
      await copy(t, t.key("k"), to, replaced);
      const found = await head(t, to);
      same([found.Metadata, found.ContentType], [{ b: "2" }, "text/y"]);
      equal(await text(t, to), "body");
    }
  }),
  check(GROUP, "onto itself without a change is InvalidRequest", async (t) => {
    await put(t, t.key("k"), "body");
    await refuses(copy(t, t.key("k"), t.key("k")), 400, "InvalidRequest");
  }),
  check(GROUP, "a missing source is NoSuchKey", async (t) => {
    await refuses(copy(t, t.key("missing"), t.key("to")), 404, "NoSuchKey");
  }),
  check(GROUP, "CopySourceIfMatch that does not hold is PreconditionFailed", async (t) => {
    await put(t, t.key("k"), "body");
    const CopySourceIfMatch = '"0123456789abcdef0123456789abcdef"';
    await refuses(copy(t, t.key("k"), t.key("to"), { CopySourceIfMatch }), 412, "PreconditionFailed");
  }),
];
