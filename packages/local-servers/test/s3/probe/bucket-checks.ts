import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
} from "@aws-sdk/client-s3";
import { equal, ok, refuses } from "./assertions.ts";
import { check } from "./check.ts";
import { put } from "./objects.ts";

const GROUP = "bucket";

export const bucketChecks = [
  check(GROUP, "CreateBucket in us-east-1, without a constraint", async (t) => {
    const name = await t.freshBucket();
    equal((await t.s3.send(new HeadBucketCommand({ Bucket: name }))).$metadata.httpStatusCode, 200);
  }),
  check(GROUP, "CreateBucket again of an own bucket is 200 in us-east-1", async (t) => {
    await t.s3.send(new CreateBucketCommand({ Bucket: t.bucket }));
  }),
  check(GROUP, "CreateBucket of a second one", async (t) => {
    ok((await t.freshBucket()) !== t.bucket);
  }),
  check(GROUP, "CreateBucket in a region that the endpoint is not of is refused with 400", async (t) => {
    const input = { Bucket: `${t.bucket}-eu`, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" as const } };
    await refuses(t.s3.send(new CreateBucketCommand(input)), 400);
  }),
  check(GROUP, "CreateBucket with an invalid name is InvalidBucketName", async (t) => {
    await refuses(t.s3.send(new CreateBucketCommand({ Bucket: "Not_A_Bucket" })), 400, "InvalidBucketName");
    await refuses(t.s3.send(new CreateBucketCommand({ Bucket: "ab" })), 400, "InvalidBucketName");
  }),
  check(GROUP, "HeadBucket of an existing one", async (t) => {
    equal((await t.s3.send(new HeadBucketCommand({ Bucket: t.bucket }))).$metadata.httpStatusCode, 200);
  }),
  check(GROUP, "HeadBucket of a missing one is 404", async (t) => {
    await refuses(t.s3.send(new HeadBucketCommand({ Bucket: `${t.bucket}-missing` })), 404, "NotFound");
  }),
  check(GROUP, "ListBuckets names it", async (t) => {
    const { Buckets = [] } = await t.s3.send(new ListBucketsCommand({}));
    const found = Buckets.find(({ Name }) => Name === t.bucket);
    ok(found?.CreationDate instanceof Date);
  }),
  check(GROUP, "GetBucketLocation of us-east-1 is empty", async (t) => {
    const { LocationConstraint } = await t.s3.send(new GetBucketLocationCommand({ Bucket: t.bucket }));
    ok(LocationConstraint === undefined || String(LocationConstraint) === "", String(LocationConstraint));
  }),
  check(GROUP, "DeleteBucket of a missing one is NoSuchBucket", async (t) => {
    await refuses(t.s3.send(new DeleteBucketCommand({ Bucket: `${t.bucket}-missing` })), 404, "NoSuchBucket");
  }),
  check(GROUP, "PutObject into a missing bucket is NoSuchBucket", async (t) => {
    await refuses(put(t, "k", "x", { Bucket: `${t.bucket}-missing` }), 404, "NoSuchBucket");
  }),
  check(GROUP, "DeleteBucket of one that is not empty is BucketNotEmpty", async (t) => {
    const name = await t.freshBucket();
    await put(t, "k", "x", { Bucket: name });
    await refuses(t.s3.send(new DeleteBucketCommand({ Bucket: name })), 409, "BucketNotEmpty");
  }),
];
