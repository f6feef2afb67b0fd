import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
} from "@aws-sdk/client-s3";
import { equal, refuses, same } from "./assertions.ts";
import { check, type Probe } from "./check.ts";
import { get, head, put, text } from "./objects.ts";

const GROUP = "config";

async function versioned(t: Probe): Promise<string> {
  const Bucket = await t.freshBucket();
  await t.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  return Bucket;
}

export const configChecks = [
  check(GROUP, "versioning: two versions, ListObjectVersions, delete marker, GET by VersionId", async (t) => {
    const Bucket = await versioned(t);
    equal((await t.s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, "Enabled");
    const first = await put(t, "k", "first", { Bucket });
    await put(t, "k", "second", { Bucket });
    const marker = await t.s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    equal(marker.DeleteMarker, true);
    const { Versions, DeleteMarkers } = await t.s3.send(new ListObjectVersionsCommand({ Bucket }));
    same([Versions?.length, DeleteMarkers?.length], [2, 1]);
    await refuses(get(t, "k", { Bucket }), 404, "NoSuchKey");
    equal(await text(t, "k", { Bucket, VersionId: first.VersionId }), "first");
  }),
  check(GROUP, "versioning: removing the marker brings the object back", async (t) => {
    const Bucket = await versioned(t);
    await put(t, "k", "x", { Bucket });
    const { VersionId } = await t.s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    await t.s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId }));
    equal(await text(t, "k", { Bucket }), "x");
  }),
  check(GROUP, "lifecycle: AbortIncompleteMultipartUpload and Expiration come back", async (t) => {
    const Bucket = await t.freshBucket();
    const Rules = [
      {
        ID: "abort",
        Status: "Enabled" as const,
        Filter: { Prefix: "" },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
      { ID: "expire", Status: "Enabled" as const, Filter: { Prefix: "tmp/" }, Expiration: { Days: 30 } },
    ];
    await t.s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
    const found = await t.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    const byId = (found.Rules ?? []).toSorted((a, b) => (a.ID ?? "").localeCompare(b.ID ?? ""));
    same(
      byId.map(({ ID, AbortIncompleteMultipartUpload, Expiration }) => [
        ID,
        AbortIncompleteMultipartUpload?.DaysAfterInitiation,
        Expiration?.Days,
      ]),
      [
        ["abort", 7, undefined],
        ["expire", undefined, 30],
      ],
    );
  }),
  check(GROUP, "lifecycle: none is NoSuchLifecycleConfiguration", async (t) => {
    const call = t.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: await t.freshBucket() }));
    await refuses(call, 404, "NoSuchLifecycleConfiguration");
  }),
  check(GROUP, "bucket tags come back", async (t) => {
    const Bucket = await t.freshBucket();
    const TagSet = [{ Key: "team", Value: "files" }];
    await t.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    same((await t.s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet, TagSet);
  }),
  check(GROUP, "SSE AES256 on put is given back", async (t) => {
    await put(t, t.key("k"), "x", { ServerSideEncryption: "AES256" });
    equal((await head(t, t.key("k"))).ServerSideEncryption, "AES256");
  }),
  check(GROUP, "StorageClass STANDARD_IA on put is given back", async (t) => {
    await put(t, t.key("k"), "x", { StorageClass: "STANDARD_IA" });
    equal((await head(t, t.key("k"))).StorageClass, "STANDARD_IA");
  }),
  check(GROUP, "Object Lock of a bucket without it is ObjectLockConfigurationNotFoundError", async (t) => {
    const call = t.s3.send(new GetObjectLockConfigurationCommand({ Bucket: await t.freshBucket() }));
    await refuses(call, 404, "ObjectLockConfigurationNotFoundError");
  }),
  check(GROUP, "bucket notification configuration can be read", async (t) => {
    await t.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: t.bucket }));
  }),
];
