import { failures } from "./api-error.ts";
import { commitObject } from "./commit-object.ts";
import { receiveContent } from "./content.ts";
import type { Service } from "./exchange.ts";

/** Writes an object without looking at its key, its size or anybody's permission. */
export async function plantObject(
  service: Service,
  bucket: string,
  key: string,
  content: Uint8Array,
  contentType = "application/octet-stream",
): Promise<void> {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield content;
  };
  using received = await receiveContent(service.rows.store, source(), service.settings);
  commitObject(service, {
    bucket,
    key,
    body: received.body,
    digest: received.digest,
    contentType,
    cacheControl: "no-cache",
    xRobotsTag: null,
    userMetadata: null,
    ownerId: null,
  });
}

/** Replaces the body of an object by one of the same size that is on no disk. */
export function loseBytes(service: Service, bucketName: string, key: string): void {
  const bucket = service.rows.bucket(bucketName);
  const row = bucket?.object(key);
  if (bucket === undefined || row === undefined) throw failures.noSuchKey();
  const size = row.body.size;
  service.rows.put(bucket, key, { size, segments: [{ blob: "lost", offset: 0, size }] }, row.attributes);
}
