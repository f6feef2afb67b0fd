import { isDeepStrictEqual } from "node:util";
import type { SideConfig } from "./config.ts";

/** Options in which two sides of one service, reached in one way by one account, may differ. */
const MAY_DIFFER: ReadonlySet<string> = new Set(["bucket", "versioned", "publicBaseUrl", "urlAliases"]);

/** Where a service finds a side's objects for itself. */
export interface WithinService {
  readonly bucket: string;
  /** The whole key of one of the side's keys: its prefix is not the other side's. */
  readonly wholeKey: (key: string) => string;
}

/**
 * How the target's service calls the source's objects; undefined unless both sides are one service under the same credentials.
 * All options but a few have to be equal, credentials among them, so what is not known to be the same counts as another.
 */
export function sourceWithinService(source: SideConfig, target: SideConfig, bucket: string): WithinService | undefined {
  const isSame =
    source.adapter === target.adapter && isDeepStrictEqual(placeOf(source.options), placeOf(target.options));
  return isSame ? { bucket, wholeKey: (key) => source.prefix + key } : undefined;
}

function placeOf(options: unknown): unknown {
  if (typeof options !== "object" || options === null) return options;
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && !MAY_DIFFER.has(name)),
  );
}
