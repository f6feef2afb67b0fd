import { CopyObjectCommand, DeleteObjectCommand } from "@aws-sdk/client-s3";
import { equal, refusalOf, refuses } from "./assertions.ts";
import { check } from "./check.ts";
import { head, put, text } from "./objects.ts";

const GROUP = "conditional";
const OTHER = '"0123456789abcdef0123456789abcdef"';

export const conditionalChecks = [
  check(GROUP, "PUT If-None-Match:* on a new key", async (t) => {
    await put(t, t.key("k"), "x", { IfNoneMatch: "*" });
    equal(await text(t, t.key("k")), "x");
  }),
  check(GROUP, "PUT If-None-Match:* on an existing key is PreconditionFailed", async (t) => {
    await put(t, t.key("k"), "first");
    await refuses(put(t, t.key("k"), "second", { IfNoneMatch: "*" }), 412, "PreconditionFailed");
    equal(await text(t, t.key("k")), "first");
  }),
  check(GROUP, "PUT If-Match: right writes, wrong is PreconditionFailed", async (t) => {
    const { ETag } = await put(t, t.key("k"), "first");
    await refuses(put(t, t.key("k"), "second", { IfMatch: OTHER }), 412, "PreconditionFailed");
    equal(await text(t, t.key("k")), "first");
    await put(t, t.key("k"), "third", { IfMatch: ETag });
    equal(await text(t, t.key("k")), "third");
  }),
  check(GROUP, "PUT If-Match on a missing key is NoSuchKey", async (t) => {
    await refuses(put(t, t.key("missing"), "x", { IfMatch: OTHER }), 404, "NoSuchKey");
  }),
  check(GROUP, "of 12 racing PUT If-None-Match:* exactly one wins", async (t) => {
    const racers = Array.from({ length: 12 }, (_, index) =>
      refusalOf(put(t, t.key("race"), `racer ${index}`, { IfNoneMatch: "*" })),
    );
    const statuses = (await Promise.all(racers)).map(({ status }) => status);
    equal(statuses.filter((status) => status === undefined).length, 1, statuses.join());
    equal(statuses.filter((status) => status === 412 || status === 409).length, 11, statuses.join());
  }),
  check(GROUP, "CopyObject If-None-Match:* on an existing key is PreconditionFailed", async (t) => {
    await put(t, t.key("from"), "new");
    await put(t, t.key("to"), "old");
    const input = { Bucket: t.bucket, Key: t.key("to"), CopySource: `${t.bucket}/${t.key("from")}`, IfNoneMatch: "*" };
    await refuses(t.s3.send(new CopyObjectCommand(input)), 412, "PreconditionFailed");
    equal(await text(t, t.key("to")), "old");
  }),
  check(GROUP, "DELETE If-Match: wrong is PreconditionFailed, right deletes", async (t) => {
    const { ETag } = await put(t, t.key("k"), "x");
    const remove = (IfMatch: string | undefined) =>
      t.s3.send(new DeleteObjectCommand({ Bucket: t.bucket, Key: t.key("k"), IfMatch }));
    await refuses(remove(OTHER), 412, "PreconditionFailed");
    await head(t, t.key("k"));
    await remove(ETag);
    await refuses(head(t, t.key("k")), 404);
  }),
];
