import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCAL_USER, type S3Server, s3Server, type S3User } from "../../src/index.ts";
import { refusalOf } from "./probe/assertions.ts";

const Bucket = "access";
const user = (name: string, rest: Partial<S3User>): S3User => ({
  accessKeyId: name,
  secretAccessKey: `secret of ${name}`,
  ...rest,
});
const USERS = {
  owner: LOCAL_USER,
  reader: user("READER", { access: "readOnly" }),
  nobody: user("NOBODY", { access: "none" }),
  elsewhere: user("ELSEWHERE", { access: { other: "full" } }),
  putter: user("PUTTER", { access: { [Bucket]: ["s3:PutObject", "s3:GetObject"] } }),
  guest: user("GUEST", { sessionToken: "token-of-guest" }),
  late: user("LATE", { sessionToken: "token-of-late", expiresAt: new Date(0) }),
} as const satisfies Record<string, S3User>;

const tokenOf = (of: S3User): string | undefined => of.sessionToken;

let server: S3Server;
const clients: S3Client[] = [];
const as = (name: keyof typeof USERS, sessionToken: string | undefined = tokenOf(USERS[name])): S3Client => {
  const { accessKeyId, secretAccessKey } = USERS[name];
  const s3 = new S3Client({
    endpoint: server.url,
    region: server.region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  clients.push(s3);
  return s3;
};

beforeAll(async () => {
  server = await s3Server({ users: Object.values(USERS) });
  await as("owner").send(new CreateBucketCommand({ Bucket }));
  await as("owner").send(new PutObjectCommand({ Bucket, Key: "k", Body: "kept" }));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await server.close();
});

const get = new GetObjectCommand({ Bucket, Key: "k" });
const missing = new HeadObjectCommand({ Bucket, Key: "missing" });
const list = new ListObjectsV2Command({ Bucket });
const put = new PutObjectCommand({ Bucket, Key: "new", Body: "x" });
const remove = new DeleteObjectCommand({ Bucket, Key: "k" });
const copy = new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/k` });

describe("who may do what", () => {
  it.each<[keyof typeof USERS, readonly [number, number, number, number, number]]>([
    // get, head of a missing key, list, put, delete
    ["reader", [200, 404, 200, 403, 403]],
    ["nobody", [403, 403, 403, 403, 403]],
    ["elsewhere", [403, 403, 403, 403, 403]],
    // Whoever may not list does not learn which keys are missing.
    ["putter", [200, 403, 403, 200, 403]],
  ])("%s", async (name, expected) => {
    const s3 = as(name);
    const statuses: number[] = [];
    for (const call of [
      () => s3.send(get),
      () => s3.send(missing),
      () => s3.send(list),
      () => s3.send(put),
      () => s3.send(remove),
    ]) {
      statuses.push((await refusalOf(call())).status ?? 200);
    }
    expect(statuses).toEqual(expected);
  });

  it("a copy needs the right to read its source", async () => {
    expect(await refusalOf(as("reader").send(copy))).toEqual({ status: 403, code: "AccessDenied" });
    expect(await refusalOf(as("putter").send(copy))).toEqual({ status: undefined, code: undefined });
  });

  it("DeleteObjects answers 200, with one AccessDenied for each key", async () => {
    const Delete = { Objects: [{ Key: "k" }, { Key: "l" }] };
    const { Deleted, Errors } = await as("reader").send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(Deleted ?? []).toEqual([]);
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ["k", "AccessDenied"],
      ["l", "AccessDenied"],
    ]);
    expect(await (await as("owner").send(get)).Body?.transformToString()).toBe("kept");
  });

  it("a presigned URL is as good as whoever signed it", async () => {
    expect((await fetch(await getSignedUrl(as("reader"), get))).status).toBe(200);
    expect((await fetch(await getSignedUrl(as("nobody"), get))).status).toBe(403);
  });

  it("the list of buckets is for those who have one", async () => {
    expect((await as("reader").send(new ListBucketsCommand({}))).Buckets?.length).toBe(1);
    expect((await refusalOf(as("nobody").send(new ListBucketsCommand({})))).status).toBe(403);
  });
});

describe("temporary credentials", () => {
  it("work with their token, in headers and in URLs", async () => {
    const s3 = as("guest");
    expect(await (await s3.send(get)).Body?.transformToString()).toBe("kept");
    expect((await fetch(await getSignedUrl(s3, get))).status).toBe(200);
  });

  it("do not work without it, with another one, or after their end", async () => {
    expect(await refusalOf(as("guest", "").send(get))).toEqual({
      status: 400,
      code: "InvalidToken",
    });
    expect(await refusalOf(as("guest", "x").send(get))).toEqual({
      status: 400,
      code: "InvalidToken",
    });
    expect(await refusalOf(as("late").send(get))).toEqual({ status: 400, code: "ExpiredToken" });
  });
});

it("the server's clock is its own: a client that is right is told that it is off, and by how much", async () => {
  const ahead = await s3Server({ clock: () => Date.now() + 60 * 60 * 1000 });
  const s3 = new S3Client({
    endpoint: ahead.url,
    region: ahead.region,
    credentials: ahead.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  try {
    expect((await refusalOf(s3.send(new ListBucketsCommand({})))).code).toBe("RequestTimeTooSkewed");
    // From the Date header of that answer the SDK has learned what time it is here.
    expect(await refusalOf(s3.send(new ListBucketsCommand({})))).toEqual({ status: undefined, code: undefined });
  } finally {
    s3.destroy();
    await ahead.close();
  }
});
