import { StorageError, type EnsureBucketOptions, type EnsureBucketReport } from "@bucketferry/storage-core";
import type { S3Context } from "./s3-context.ts";
import { S3AnswerError } from "./s3-failures.ts";
import type { SdkClient } from "./sdk-client.ts";

/** Makes the bucket, private, when it is missing. One that exists is left as it is, also when its settings are others. */
export async function ensureBucket(
  context: S3Context,
  sdk: SdkClient,
  { dryRun = false, signal }: EnsureBucketOptions,
): Promise<EnsureBucketReport> {
  const { config } = context;
  const { bucket, profile, region } = config;
  if (await bucketExists(context, signal)) return { existed: true, steps: [] };

  const constraint = profile.locationConstraint && region !== "us-east-1" ? region : undefined;
  const steps = [
    `Create bucket "${bucket}"${constraint === undefined ? "" : ` in region ${constraint}`}`,
    ...(profile.publicAccessBlock ? [`Block all public access to bucket "${bucket}"`] : []),
  ];
  if (dryRun) return { existed: false, steps };

  const [{ CreateBucketCommand, PutPublicAccessBlockCommand }, client] = await Promise.all([
    import("@aws-sdk/client-s3"),
    sdk.get(),
  ]);
  const options = signal === undefined ? {} : { abortSignal: signal };
  try {
    await client.send(
      new CreateBucketCommand({
        Bucket: bucket,
        // us-east-1 is the one region that must not be named.
        ...(constraint === undefined
          ? {}
          : { CreateBucketConfiguration: { LocationConstraint: constraint as "eu-west-1" } }),
      }),
      options,
    );
  } catch (error) {
    // Another instance of the same app came first.
    if (error instanceof Error && error.name === "BucketAlreadyOwnedByYou") return { existed: true, steps: [] };
    throw error;
  }
  if (profile.publicAccessBlock) {
    const block = new PutPublicAccessBlockCommand({
      Bucket: bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
    });
    try {
      await client.send(block, options);
    } catch (error) {
      throw notBlocked(error);
    }
  }
  return { existed: false, steps };
}

/** Organisations forbid the request, for the same one could lift the block: https://github.com/matanolabs/matano/issues/124 */
function notBlocked(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "AccessDenied") return error;
  return new StorageError(
    "PermissionDenied",
    "the bucket was made, but these credentials may not block public access to it",
    {
      applied: true,
      status: 403,
      hint: "Allow s3:PutBucketPublicAccessBlock, or look whether the service has blocked it by itself, as it does with new buckets, and go on",
      cause: error,
    },
  );
}

async function bucketExists({ client }: S3Context, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    // A listing of nothing rather than HeadBucket: its refusals say why.
    await client.text({ method: "GET", query: { "list-type": "2", "max-keys": "1" }, signal });
    return true;
  } catch (error) {
    if (!(error instanceof S3AnswerError)) throw error;
    if (error.status === 404 && !error.foreign) return false;
    if (error.code !== "AccessDenied") throw error;
    throw new StorageError(
      "PermissionDenied",
      "the bucket exists, but these credentials may not list it, or it is somebody else's",
      {
        status: error.status,
        hint: "Allow s3:ListBucket on the bucket, or choose another name",
      },
    );
  }
}
