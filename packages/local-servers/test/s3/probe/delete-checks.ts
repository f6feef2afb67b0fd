import { DeleteObjectCommand, DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { equal, refuses, same } from "./assertions.ts";
import { check } from "./check.ts";
import { head, put } from "./objects.ts";

const GROUP = "delete";

export const deleteChecks = [
  check(GROUP, "DeleteObject of a missing key is 204", async (t) => {
    const answer = await t.s3.send(new DeleteObjectCommand({ Bucket: t.bucket, Key: t.key("missing") }));
    equal(answer.$metadata.httpStatusCode, 204);
  }),
  check(GROUP, "DeleteObjects of 1,000", async (t) => {
    await put(t, t.key("k-7"), "x");
    const Objects = Array.from({ length: 1000 }, (_, index) => ({ Key: t.key(`k-${index}`) }));
    const { Deleted, Errors } = await t.s3.send(new DeleteObjectsCommand({ Bucket: t.bucket, Delete: { Objects } }));
    equal(Deleted?.length, 1000);
    same(Errors ?? [], []);
    await refuses(head(t, t.key("k-7")), 404);
  }),
  check(GROUP, "DeleteObjects with the SDK's default checksum, and with checksums only where required", async (t) => {
    for (const s3 of [t.client(), t.s3]) {
      await put(t, t.key("k"), "x");
      await s3.send(new DeleteObjectsCommand({ Bucket: t.bucket, Delete: { Objects: [{ Key: t.key("k") }] } }));
      await refuses(head(t, t.key("k")), 404);
    }
  }),
  check(GROUP, "DeleteObjects of 1,001 is MalformedXML", async (t) => {
    const Objects = Array.from({ length: 1001 }, (_, index) => ({ Key: t.key(`k-${index}`) }));
    await refuses(t.s3.send(new DeleteObjectsCommand({ Bucket: t.bucket, Delete: { Objects } })), 400, "MalformedXML");
  }),
  check(GROUP, "DeleteObjects Quiet lists nothing that was deleted, and missing keys count as deleted", async (t) => {
    await put(t, t.key("k"), "x");
    const Objects = [{ Key: t.key("k") }, { Key: t.key("missing") }];
    const quiet = await t.s3.send(new DeleteObjectsCommand({ Bucket: t.bucket, Delete: { Objects, Quiet: true } }));
    same([quiet.Deleted ?? [], quiet.Errors ?? []], [[], []]);
    const loud = await t.s3.send(new DeleteObjectsCommand({ Bucket: t.bucket, Delete: { Objects } }));
    equal(loud.Deleted?.length, 2);
  }),
];
