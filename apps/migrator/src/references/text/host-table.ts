import type { ParsedUrl } from "@bucketferry/storage-core/provider";
import type { ReferenceRoute } from "../contract.ts";
import type { Sign } from "../sign.ts";
import {
  asPattern,
  hostNames,
  pathStem,
  signFinder,
  signsOfSources,
  signsOfTargets,
  withoutNarrower,
} from "./signs.ts";

/** A place in a text where something stands that every URL of ours holds. */
export interface Anchor {
  readonly start: number;
  readonly end: number;
  /** `path`: the beginning of a URL's path, for URLs that were stored without their host. */
  readonly kind: "host" | "path";
}

/** One side of a route, and how it reads a URL. */
export interface RouteSide {
  readonly route: ReferenceRoute;
  readonly side: "source" | "target";
  readonly parse: (url: string) => ParsedUrl | undefined;
}

/** What the URLs of all routes have in common: the cheapest way to tell that a text holds none of them. */
export interface HostTable {
  /** Whose URLs can have this host (`host` or `host:port`); nobody's, when it only looks like one of ours. */
  sidesAt(host: string): readonly RouteSide[];
  /** Whether it holds one of the signs: a text without any holds nothing of ours. */
  mayBeIn(text: string): boolean;
  /** From left to right; one pass over the text, whatever is in it. */
  anchorsIn(text: string): readonly Anchor[];
  /** What a database has to look for. */
  readonly signs: readonly Sign[];
  /** The same for URLs of sources only: what has none of them has nothing to be rewritten. */
  readonly sourceSigns: readonly Sign[];
}

export function hostTable(routes: readonly ReferenceRoute[]): HostTable {
  const sides = sidesByHost(routes);
  const paths = routes.flatMap(({ source }) => pathStems(source));
  const names = routes.flatMap(({ source, target }) => [...hostNames(source), ...hostNames(target)]);
  const needles = withoutLonger([...names, ...paths]);
  const sourceSigns = signsOfSources(routes.map(({ source }) => source));
  const signs = withoutNarrower([...sourceSigns, ...signsOfTargets(routes.map(({ target }) => target))]);
  const isPath = new Set(paths);
  const source = needles.map((needle) => asPattern(needle)).join("|");
  // A pattern that matches nothing, for routes without any host.
  const each = new RegExp(source === "" ? "(?!)" : source, "gi");

  return {
    signs,
    sourceSigns,
    sidesAt: (host) => sides(host.toLowerCase()),
    mayBeIn: signFinder(signs),
    anchorsIn(text) {
      const anchors: Anchor[] = [];
      each.lastIndex = 0;
      for (let match = each.exec(text); match !== null; match = each.exec(text)) {
        const { 0: found, index } = match;
        anchors.push({ start: index, end: each.lastIndex, kind: isPath.has(found.toLowerCase()) ? "path" : "host" });
      }
      return anchors;
    },
  };
}

/** Hosts in one database are few; whoever makes up more fills no memory with them. */
const MOST_REMEMBERED = 1000;

function sidesByHost(routes: readonly ReferenceRoute[]): (host: string) => readonly RouteSide[] {
  const all = routes.flatMap((route) =>
    (["source", "target"] as const).map((side) => ({
      hosts: route[side].urlHosts.map((host) => host.toLowerCase()),
      reads: { route, side, parse: (url: string) => route[side].parseUrl(url) },
    })),
  );
  const remembered = new Map<string, readonly RouteSide[]>();
  return (host) => {
    const known = remembered.get(host);
    if (known !== undefined) return known;
    const names = [host, host.replace(/:\d+$/, "")];
    const found = all.filter(({ hosts }) => hosts.some((one) => names.some((name) => isOf(name, one))));
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    const result = found.map(({ reads }) => reads);
    remembered.set(host, result);
    return result;
  };
}

function isOf(host: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** Whoever finds the shorter finds the longer. */
function withoutLonger(needles: readonly string[]): string[] {
  return [...new Set(needles)].filter((needle) => !needles.some((other) => other !== needle && needle.includes(other)));
}

/** Plain, as JSON escapes them, and as the value of a parameter, or of a parameter of that. */
function pathStems(source: ReferenceRoute["source"]): string[] {
  const stem = pathStem(source);
  if (stem === undefined) return [];
  return ["/", String.raw`\/`, "%2f", "%252f"].map((slash) => stem.replaceAll("/", slash));
}
