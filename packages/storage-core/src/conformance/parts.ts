import type { MultipartUpload, UploadedPart } from "../contract/provider.ts";
import type { CaseContext } from "./case.ts";
import { collect, fail } from "./check.ts";
import { randomBytes } from "./random.ts";

/** The provider's rules for parts. For cases that need `multipart`. */
export function partRules(t: CaseContext) {
  const { multipart } = t.capabilities;
  if (multipart === false) fail("this case sends parts, so it has to need `multipart`");
  return multipart;
}

/** Bytes for so many parts of the smallest size and a last one of 1000 bytes; each part begins with other bytes. */
export function partBodies(t: CaseContext, fullParts: number): readonly Uint8Array[] {
  const { minPartBytes } = partRules(t);
  // A service without a smallest size still gets parts that are large enough to tell apart.
  const sizes = [...Array.from({ length: fullParts }, () => Math.max(minPartBytes, 2000)), 1000];
  return sizes.map((size) => randomBytes(t.random, size));
}

/** Sends the bodies as parts 1, 2, 3 …, one after another. */
export async function sendParts(
  t: CaseContext,
  upload: MultipartUpload,
  bodies: readonly Uint8Array[],
): Promise<readonly UploadedPart[]> {
  const parts: UploadedPart[] = [];
  for (const [index, body] of bodies.entries()) {
    parts.push(await t.provider.multipart.uploadPart(upload, index + 1, body, { signal: t.signal }));
  }
  return parts;
}

/** The uploads in parts that are open under the case's prefix. */
export async function openUploads(t: CaseContext): Promise<readonly MultipartUpload[]> {
  return collect(t.provider.multipart.list({ prefix: t.prefix, signal: t.signal }));
}
