import type { StorageProvider } from "@bucketferry/storage-core";
import { prefix as prefixLayer } from "@bucketferry/storage-core/layers";
import type { RouteConfig, SideConfig } from "./config.ts";
import { sourceWithinService, type WithinService } from "./within-service.ts";

/** One source provider, one target provider, and which key becomes which. */
export interface Route {
  readonly name: string;
  readonly source: StorageProvider;
  readonly target: StorageProvider;
  /** The target's key of a source's key. Both sides' prefixes are already theirs, so names stay as they are. */
  targetKey(key: string): string;
  readonly sourceIdentity: string;
  readonly targetIdentity: string;
  /** Where the target's service finds the source's objects for itself; undefined unless both sides are one service. */
  readonly sourceWithinTarget?: WithinService | undefined;
  close(): Promise<void>;
}

/** Makes both providers of a route; no I/O. */
export function openRoute({ name, source, target }: Omit<RouteConfig, "selection">): Route {
  const sides = { source: openSide(source), target: openSide(target) };
  return {
    name,
    ...sides,
    targetKey: (key) => key,
    sourceIdentity: source.identity,
    targetIdentity: target.identity,
    sourceWithinTarget: sourceWithinService(source, target, sides.source.bucket),
    async close() {
      await Promise.all([sides.source.close(), sides.target.close()]);
    },
  };
}

/** One side's provider, within its prefix. */
export function openSide({ adapter, options, prefix }: SideConfig): StorageProvider {
  const provider = adapter.create(options);
  return prefix === "" ? provider : prefixLayer(prefix)(provider);
}
