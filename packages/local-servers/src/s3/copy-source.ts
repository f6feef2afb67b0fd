import type { Call, ObjectCall } from "./call.ts";
import { judgeRead } from "./conditions.ts";
import { refuseVersion } from "./object-operations.ts";
import type { Profile, Support } from "./profiles.ts";
import { parseQuery } from "./request-target.ts";
import { invalidArgument, notImplemented, S3Error } from "./s3-error.ts";
import type { S3Object } from "./shape.ts";

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly object: S3Object;
}

/** Finds the object that `x-amz-copy-source` names, as far as whoever asks may read it and its conditions hold. */
export function findCopySource(call: ObjectCall, conditions: Support): CopySource {
  const { bucket: name, key } = parseCopySource(call.header("x-amz-copy-source") ?? "", call.server.profile);
  const bucket = call.server.store.bucket(name);
  if (bucket === undefined) throw new S3Error("NoSuchBucket", { fields: { BucketName: name } });
  if (!call.may("s3:GetObject", name, key)) throw new S3Error("AccessDenied");
  const object = bucket.object(key);
  if (object === undefined) {
    throw call.may("s3:ListBucket", name)
      ? new S3Error("NoSuchKey", { fields: { Key: key } })
      : new S3Error("AccessDenied");
  }
  checkSourceConditions(call, object, conditions);
  return { bucket: name, key, object };
}

/** `BUCKET/KEY` or `/BUCKET/KEY`, percent-encoded wholly or in its segments, with an optional `?versionId=`. */
function parseCopySource(
  header: string,
  { plusInCopySource }: Profile,
): { readonly bucket: string; readonly key: string } {
  const mark = header.indexOf("?versionId=");
  if (mark !== -1) refuseVersion(parseQuery(header.slice(mark + 1)).get("versionId"));
  const encoded = mark === -1 ? header : header.slice(0, mark);
  let path: string;
  try {
    path = decodeURIComponent(plusInCopySource === "space" ? encoded.replaceAll("+", " ") : encoded);
  } catch {
    throw invalidCopySource(header);
  }
  if (path.startsWith("arn:")) throw notImplemented("access points as copy source");
  const [, bucket = "", key = ""] = /^\/?([^/]+)\/([^]+)$/.exec(path) ?? [];
  if (bucket === "" || key === "") throw invalidCopySource(header);
  return { bucket, key };
}

function invalidCopySource(header: string): S3Error {
  return invalidArgument(
    "x-amz-copy-source",
    header,
    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
  );
}

/** Every condition that does not hold is 412 here, also those that answer 304 on a read. */
function checkSourceConditions(call: Call, object: S3Object, support: Support): void {
  const condition = (name: string): string | undefined => {
    const value = call.header(`x-amz-copy-source-if-${name}`);
    if (value !== undefined && support === "notImplemented") throw notImplemented(`x-amz-copy-source-if-${name}`);
    return support === "honoured" ? value : undefined;
  };
  const verdict = judgeRead(
    {
      ifMatch: condition("match"),
      ifNoneMatch: condition("none-match"),
      ifModifiedSince: condition("modified-since"),
      ifUnmodifiedSince: condition("unmodified-since"),
    },
    { etag: object.attributes.etag, modifiedAtMs: object.modifiedAtMs },
  );
  if (verdict !== "proceed") throw new S3Error("PreconditionFailed");
}
