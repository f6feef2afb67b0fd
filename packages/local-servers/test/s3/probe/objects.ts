import {
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  type HeadObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import type { Probe } from "./check.ts";

type Extra<Input> = Partial<Input> & { readonly s3?: S3Client };

export function put(
  t: Probe,
  Key: string,
  Body: NonNullable<PutObjectCommandInput["Body"]>,
  extra: Extra<PutObjectCommandInput> = {},
) {
  const { s3 = t.s3, ...input } = extra;
  return s3.send(new PutObjectCommand({ Bucket: t.bucket, Key, ...input, Body }));
}

export function get(t: Probe, Key: string, extra: Extra<GetObjectCommandInput> = {}) {
  const { s3 = t.s3, ...input } = extra;
  return s3.send(new GetObjectCommand({ Bucket: t.bucket, Key, ...input }));
}

export function head(t: Probe, Key: string, extra: Extra<HeadObjectCommandInput> = {}) {
  const { s3 = t.s3, ...input } = extra;
  return s3.send(new HeadObjectCommand({ Bucket: t.bucket, Key, ...input }));
}

export async function bytes(t: Probe, Key: string, extra: Extra<GetObjectCommandInput> = {}): Promise<Buffer> {
  const { Body } = await get(t, Key, extra);
  return Buffer.from((await Body?.transformToByteArray()) ?? new Uint8Array());
}

export async function text(t: Probe, Key: string, extra: Extra<GetObjectCommandInput> = {}): Promise<string> {
  return (await bytes(t, Key, extra)).toString();
}

export function md5Etag(body: string | Uint8Array): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

/** Bytes that are the same in every run and in which a shift or a loss shows. */
export function pattern(size: number): Buffer {
  const buffer = Buffer.allocUnsafe(size);
  for (let index = 0; index < size; index += 1) buffer[index] = (index * 31 + (index >>> 8) * 7) & 0xff;
  return buffer;
}
