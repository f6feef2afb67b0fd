import { createHash } from "node:crypto";
import { invalidArgument } from "./s3-error.ts";

const CHECK_BYTES = 9;

/** A continuation token: where to go on in this bucket, in a form that nobody makes up or edits by accident. */
export function formatToken(bucket: string, after: string): string {
  const position = Buffer.from(after);
  return Buffer.concat([check(bucket, position), position]).toString("base64url");
}

export function parseToken(bucket: string, token: string): string {
  const bytes = Buffer.from(token, "base64url");
  const position = bytes.subarray(CHECK_BYTES);
  if (!check(bucket, position).equals(bytes.subarray(0, CHECK_BYTES))) {
    throw invalidArgument("continuation-token", token, "The continuation token provided is incorrect");
  }
  return position.toString("utf8");
}

function check(bucket: string, position: Buffer): Buffer {
  return createHash("sha256").update(`${bucket}\n`).update(position).digest().subarray(0, CHECK_BYTES);
}
