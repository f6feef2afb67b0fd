import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import type { BodyReader } from "../store/index.ts";
import type { Headers, ObjectCall } from "./call.ts";
import type { S3Object } from "./shape.ts";

/** Whether the service unpacks what it gives, since whoever asks does not say that packed bytes are welcome. */
export function isUnpacked(call: ObjectCall, { attributes }: S3Object): boolean {
  if (!call.server.profile.unpacksGzip || attributes.headers["content-encoding"] !== "gzip") return false;
  return !/\bgzip\b/i.test(call.header("accept-encoding") ?? "");
}

/** Nobody has counted the bytes, and they are encoded no more. */
export function unpackedHeaders(headers: Headers): Headers {
  return { ...headers, "content-encoding": undefined, "x-goog-stored-content-encoding": "gzip" };
}

/** An error of the packed bytes comes out of the reading. */
export function unpacked(reader: BodyReader): BodyReader {
  const gunzip = createGunzip();
  pipeline(reader, gunzip, () => undefined);
  return {
    size: reader.size,
    [Symbol.asyncIterator]: () => gunzip[Symbol.asyncIterator](),
    close: () => reader.close(),
  };
}
