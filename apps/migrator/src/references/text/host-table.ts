import type { ReferenceRoute } from "../contract.ts";

/** Which hosts the URLs of all routes can have: the cheapest way to tell that a text holds none of them. */
export interface HostTable {
  /** `host` or `host:port`, lower case. */
  isOurs(host: string): boolean;
  mayBeIn(text: string): boolean;
  /** Texts of which at least one is in every text that holds a URL of ours, in any case of its letters; for SQL. */
  readonly needles: readonly string[];
}

export function hostTable(routes: readonly ReferenceRoute[], extra: readonly string[] = []): HostTable {
  const all = new Set([...routes.flatMap(({ source, target }) => [...source.urlHosts, ...target.urlHosts]), ...extra]);
  const exact = new Set([...all].filter((host) => !host.startsWith("*.")));
  const suffixes = [...all].filter((host) => host.startsWith("*.")).map((host) => host.slice(1));
  const needles = [...new Set([...all].map((host) => host.replace(/^\*\./, "").replace(/:\d+$/, "")))];
  return {
    needles,
    isOurs(host) {
      const bare = host.replace(/^[^@]*@/, "");
      const withoutPort = bare.replace(/:\d+$/, "");
      return (
        exact.has(bare) ||
        exact.has(withoutPort) ||
        suffixes.some((suffix) => bare.endsWith(suffix) || withoutPort.endsWith(suffix))
      );
    },
    mayBeIn(text) {
      const lower = text.toLowerCase();
      return needles.some((needle) => lower.includes(needle));
    },
  };
}
