import {
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  GetObjectCommand,
  PutBucketCorsCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check, type Probe } from "./check.ts";
import { put } from "./objects.ts";
import { plainUrl, send } from "./requests.ts";

const GROUP = "cors";
const ORIGIN = "https://app.example";
const RULES = [
  {
    AllowedMethods: ["GET", "PUT"],
    AllowedOrigins: [ORIGIN],
    AllowedHeaders: ["*"],
    ExposeHeaders: ["ETag"],
    MaxAgeSeconds: 600,
  },
];

async function withCors(t: Probe): Promise<string> {
  const Bucket = await t.freshBucket();
  await t.s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: RULES } }));
  return Bucket;
}

function preflight(t: Probe, bucket: string, origin: string, method: string) {
  const headers = {
    origin,
    "access-control-request-method": method,
    "access-control-request-headers": "content-type,x-amz-meta-a",
  };
  return send(plainUrl(t, "k", bucket), { method: "OPTIONS", headers });
}

export const corsChecks = [
  check(GROUP, "a preflight without a configuration is 403", async (t) => {
    equal((await preflight(t, await t.freshBucket(), ORIGIN, "PUT")).status, 403);
  }),
  check(GROUP, "PutBucketCors comes back", async (t) => {
    const { CORSRules = [] } = await t.s3.send(new GetBucketCorsCommand({ Bucket: await withCors(t) }));
    same(
      CORSRules.map(({ ID: _, ...rule }) => rule),
      RULES,
    );
  }),
  check(GROUP, "a preflight from the allowed origin is 200 with headers", async (t) => {
    const { status, headers } = await preflight(t, await withCors(t), ORIGIN, "PUT");
    equal(status, 200);
    equal(headers["access-control-allow-origin"], ORIGIN);
    ok(String(headers["access-control-allow-methods"]).includes("PUT"));
    equal(headers["access-control-max-age"], "600");
    ok(/content-type/i.test(String(headers["access-control-allow-headers"])));
  }),
  check(GROUP, "a preflight from another origin or for another method is 403", async (t) => {
    const bucket = await withCors(t);
    equal((await preflight(t, bucket, "https://evil.example", "PUT")).status, 403);
    equal((await preflight(t, bucket, ORIGIN, "DELETE")).status, 403);
  }),
  check(GROUP, "a presigned GET with an Origin has the allowed origin and the exposed headers", async (t) => {
    const Bucket = await withCors(t);
    await put(t, "k", "x", { Bucket });
    const url = await getSignedUrl(t.s3, new GetObjectCommand({ Bucket, Key: "k" }));
    const { status, headers } = await send(url, { headers: { origin: ORIGIN } });
    equal(status, 200);
    equal(headers["access-control-allow-origin"], ORIGIN);
    ok(/etag/i.test(String(headers["access-control-expose-headers"])));
  }),
  check(GROUP, "after DeleteBucketCors, GetBucketCors is NoSuchCORSConfiguration", async (t) => {
    const Bucket = await withCors(t);
    await t.s3.send(new DeleteBucketCorsCommand({ Bucket }));
    await refuses(t.s3.send(new GetBucketCorsCommand({ Bucket })), 404, "NoSuchCORSConfiguration");
  }),
];
