import type { Capabilities, ObjectInfo } from "@bucketferry/storage-core";
import { carryHeaders } from "./carry-headers.ts";
import { repairedContentType } from "./content-type.ts";

/** One header (`contentType`) or one entry of the user metadata (`metadata.lecture`) that is not the same on both sides. */
export interface MetadataDifference {
  readonly name: string;
  /** Null: that side has none. */
  readonly source: string | null;
  readonly target: string | null;
}

/**
 * What a copy has otherwise than its source, as far as the target can hold it: what it cannot hold at all was reported when
 * it was copied (`notCarried`), and is no difference that copying again would mend. Names in alphabetical order.
 */
export function compareMetadata(
  source: ObjectInfo,
  target: ObjectInfo,
  capabilities: Pick<Capabilities, "systemHeaders" | "metadata" | "defaultContentType">,
): readonly MetadataDifference[] {
  const { headers, metadata = {}, notCarried } = carryHeaders(source, capabilities);
  const differences: MetadataDifference[] = [];
  const compare = (name: string, wanted: string | undefined, found: string | undefined): void => {
    if ((wanted ?? "") === (found ?? "")) return;
    differences.push({ name, source: wanted ?? null, target: found ?? null });
  };
  for (const name of [
    "contentType",
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
  ] as const) {
    if (!capabilities.systemHeaders[name]) continue;
    // The copier may fill in a type that the source does not have.
    const repaired = name === "contentType" ? repairedContentType(source.key, source.contentType) : undefined;
    if (repaired !== undefined && target[name] === repaired) continue;
    // An object that was put without a type gets the service's own.
    const wanted = headers[name] ?? (name === "contentType" ? capabilities.defaultContentType : undefined);
    compare(name, wanted, target[name]);
  }
  const lost = notCarried?.metadata ?? {};
  for (const name of new Set([...Object.keys(metadata), ...Object.keys(target.metadata)])) {
    if (!Object.hasOwn(lost, name)) compare(`metadata.${name}`, metadata[name], target.metadata[name]);
  }
  return differences.sort((one, other) => (one.name < other.name ? -1 : 1));
}
