import type { Call } from "./call.ts";
import { notImplemented, S3Error } from "./s3-error.ts";
import type { ObjectAttributes } from "./shape.ts";

/** Storage classes whose objects are listed and cannot be read: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html */
export const ARCHIVES: readonly string[] = ["GLACIER", "DEEP_ARCHIVE"];

const HEADER = "x-amz-storage-class";

/** The archive that a PUT asks for; undefined for the usual class. Nothing is ever restored here. */
export function readArchive(call: Call): string | undefined {
  const name = call.header(HEADER);
  return name !== undefined && ARCHIVES.includes(name) ? name : undefined;
}

/** For the ways of writing that cannot put into an archive here. */
export function refuseArchive(call: Call): void {
  if (readArchive(call) !== undefined) throw notImplemented(HEADER);
}

export function checkReadable({ archive }: ObjectAttributes): void {
  if (archive !== undefined) throw new S3Error("InvalidObjectState", { fields: { StorageClass: archive } });
}
