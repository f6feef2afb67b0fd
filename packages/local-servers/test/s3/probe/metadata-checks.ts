import { GetObjectTaggingCommand, PutObjectCommand, PutObjectTaggingCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { equal, refusalOf, refuses, same } from "./assertions.ts";
import { check } from "./check.ts";
import { head, put } from "./objects.ts";
import { send } from "./requests.ts";

const GROUP = "metadata";

export const metadataChecks = [
  check(GROUP, "ASCII comes back, with lower-case names", async (t) => {
    await put(t, t.key("k"), "x", { Metadata: { Foo: "Bar baz", "with-dash": "1", with_underscore: "2" } });
    same((await head(t, t.key("k"))).Metadata, { foo: "Bar baz", "with-dash": "1", with_underscore: "2" });
  }),
  check(GROUP, "a value that is not ASCII, sent as Latin-1 but signed as UTF-8, is refused", async (t) => {
    const refusal = await refusalOf(put(t, t.key("k"), Buffer.from("x"), { Metadata: { a: "café" } }));
    same(refusal, { status: 403, code: "SignatureDoesNotMatch" });
  }),
  check(GROUP, "UTF-8 bytes in a header come back as an RFC 2047 encoded word", async (t) => {
    const url = await getSignedUrl(
      t.s3,
      new PutObjectCommand({ Bucket: t.bucket, Key: t.key("k"), Metadata: { a: "é" } }),
    );
    equal((await send(url, { method: "PUT", body: "x" })).status, 200);
    same((await head(t, t.key("k"))).Metadata, { a: "=?UTF-8?B?w6k=?=" });
  }),
  check(GROUP, "percent-encoded text comes back", async (t) => {
    const value = encodeURIComponent("日本 café 😀");
    await put(t, t.key("k"), "x", { Metadata: { a: value } });
    same((await head(t, t.key("k"))).Metadata, { a: value });
  }),
  check(GROUP, "2 KiB in all are kept, more is MetadataTooLarge", async (t) => {
    const Metadata = { a: "x".repeat(2047) };
    await put(t, t.key("k"), "x", { Metadata });
    same((await head(t, t.key("k"))).Metadata, Metadata);
    await refuses(put(t, t.key("l"), "x", { Metadata: { a: "x".repeat(2100) } }), 400, "MetadataTooLarge");
  }),
  check(GROUP, "object tags: on put, read, replaced", async (t) => {
    const target = { Bucket: t.bucket, Key: t.key("k") };
    await put(t, t.key("k"), "x", { Tagging: "a=1&b=2" });
    same(
      (await t.s3.send(new GetObjectTaggingCommand(target))).TagSet?.toSorted((a, b) =>
        (a.Key ?? "").localeCompare(b.Key ?? ""),
      ),
      [
        { Key: "a", Value: "1" },
        { Key: "b", Value: "2" },
      ],
    );
    await t.s3.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet: [{ Key: "c", Value: "3" }] } }));
    same((await t.s3.send(new GetObjectTaggingCommand(target))).TagSet, [{ Key: "c", Value: "3" }]);
  }),
];
