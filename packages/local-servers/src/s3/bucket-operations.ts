import { type Answer, type BucketCall, type Call, NO_CONTENT, xmlAnswer } from "./call.ts";
import { isBucketName } from "./bucket-name.ts";
import { xmlDate } from "./object-headers.ts";
import { OWNER } from "./owner.ts";
import { ALL_BLOCKED } from "./public-access-block.ts";
import { invalidArgument, S3Error } from "./s3-error.ts";
import { childText, parseXml } from "./xml.ts";

const DEFAULT_REGION = "us-east-1";
const MAX_BUCKETS = 10_000;

export function listBuckets(call: Call): Answer {
  const prefix = call.query.get("prefix") ?? "";
  const after = call.query.get("continuation-token") ?? "";
  const limit = Number(call.query.get("max-buckets") ?? MAX_BUCKETS);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_BUCKETS) {
    throw invalidArgument("max-buckets", String(limit), "Argument max-buckets must be an integer between 1 and 10000");
  }
  const all = call.server.store.buckets().filter(({ name }) => name.startsWith(prefix) && name > after);
  const page = all.slice(0, limit);
  return xmlAnswer("ListAllMyBucketsResult", {
    Owner: OWNER,
    Buckets: { Bucket: page.map(({ name, createdAtMs }) => ({ Name: name, CreationDate: xmlDate(createdAtMs) })) },
    ContinuationToken: page.length < all.length ? page.at(-1)?.name : undefined,
    Prefix: call.query.get("prefix"),
  });
}

export async function createBucket(call: Call): Promise<Answer> {
  const { store, region, profile } = call.server;
  const name = call.target.bucket ?? "";
  if (!isBucketName(name)) throw new S3Error("InvalidBucketName", { fields: { BucketName: name } });
  checkLocation(await readLocation(call), call);
  const attributes = profile.publicAccessBlock === "on" ? { publicAccessBlock: ALL_BLOCKED } : {};
  if (!store.createBucket(name, attributes) && region !== DEFAULT_REGION) {
    throw new S3Error("BucketAlreadyOwnedByYou", { fields: { BucketName: name } });
  }
  await store.sync();
  return { headers: { location: `/${name}` } };
}

async function readLocation(call: Call): Promise<string | undefined> {
  if ((call.header("content-length") ?? "0") === "0" && call.header("transfer-encoding") === undefined)
    return undefined;
  const text = await call.body().text();
  return text === "" ? undefined : childText(parseXml(text, "CreateBucketConfiguration"), "LocationConstraint");
}

/** The one region of this server is everything there is: us-east-1 must not be named, any other must. */
function checkLocation(location: string | undefined, call: Call): void {
  const { region, profile } = call.server;
  const needed = region === DEFAULT_REGION ? undefined : region;
  const allowed =
    profile.regions === "own" ? [needed] : [undefined, region, ...(profile.regions === "any" ? [] : profile.regions)];
  if (allowed.includes(location)) return;
  if (location === DEFAULT_REGION) {
    throw new S3Error("InvalidLocationConstraint", { fields: { LocationConstraint: location } });
  }
  throw new S3Error("IllegalLocationConstraintException", {
    message: `The ${location ?? "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  });
}

export function headBucket(call: BucketCall): Answer {
  return { headers: { "x-amz-bucket-region": call.server.region, "x-amz-access-point-alias": "false" } };
}

export async function deleteBucket({ bucket, server }: BucketCall): Promise<Answer> {
  if (bucket.size > 0) throw new S3Error("BucketNotEmpty", { fields: { BucketName: bucket.name } });
  bucket.delete();
  await server.store.sync();
  return NO_CONTENT;
}

export function getBucketLocation({ server: { region } }: BucketCall): Answer {
  return xmlAnswer("LocationConstraint", region === DEFAULT_REGION ? "" : region);
}
