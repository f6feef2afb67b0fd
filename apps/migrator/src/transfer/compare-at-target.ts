import type { Evidence, NotCarried } from "@bucketferry/ledger";
import type { ObjectInfo, StorageProvider } from "@bucketferry/storage-core";
import type { CarriedHeaders } from "../decide/carry-headers.ts";
import { compareCopies, type Digests } from "../decide/compare-copies.ts";
import { readDigests } from "./read-digests.ts";
import { at } from "./side-failure.ts";

export type ComparedAtTarget =
  | {
      readonly verdict: "equal";
      readonly evidence: Evidence;
      readonly info: ObjectInfo;
    }
  | { readonly verdict: "different"; readonly info: ObjectInfo };

/** Whether the target holds these bytes: by what it says, and where that says nothing, by reading them. */
export async function compareAtTarget(
  target: StorageProvider,
  key: string,
  digests: Digests,
  signal: AbortSignal,
): Promise<ComparedAtTarget> {
  const info = await at("target", target.head(key, { signal }));
  const comparison = compareCopies(digests, info);
  if (comparison.verdict === "equal") return { verdict: "equal", evidence: comparison.evidence, info };
  if (comparison.verdict === "different") return { verdict: "different", info };

  const read = await readDigests("target", target, key, { signal, expected: digests.sha256 });
  return read.digests.sha256 === digests.sha256
    ? { verdict: "equal", evidence: "read-back", info: read.info }
    : { verdict: "different", info: read.info };
}

/** Headers that an adopted object does not have as the source does; they are not changed, and reported. */
export function headersThatDiffer(carried: CarriedHeaders, target: ObjectInfo): NotCarried | null {
  const headers: Record<string, string> = { ...carried.notCarried?.headers };
  for (const [name, value] of Object.entries(carried.headers)) {
    if (value !== undefined && target[name as keyof typeof carried.headers] !== value) headers[name] = value;
  }
  const metadata: Record<string, string> = { ...carried.notCarried?.metadata };
  for (const [name, value] of Object.entries(carried.metadata ?? {})) {
    if (target.metadata[name] !== value) metadata[name] = value;
  }
  const differs: NotCarried = {
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  };
  return Object.keys(differs).length > 0 ? differs : null;
}
