import { createHash } from "node:crypto";

/** What makes a ledger the ledger of these routes. Identities are strings without secrets: endpoint, bucket, prefix. */
export interface RouteIdentity {
  readonly name: string;
  readonly sourceIdentity: string;
  readonly targetIdentity: string;
}

/** Twelve hex digits that change with any name, endpoint, bucket or prefix, and not with the order of the routes. */
export function fingerprintOf(routes: readonly RouteIdentity[]): string {
  const canonical = routes
    .map((route) => JSON.stringify([route.name, route.sourceIdentity, route.targetIdentity]))
    .sort()
    .join("\n");
  return createHash("sha256").update(canonical).digest("hex").slice(0, 12);
}

export interface RouteDifference {
  readonly name: string;
  /** One clause for a person. */
  readonly difference: string;
  /** Whether objects on record would be taken for copies that they are not. */
  readonly dangerous: boolean;
}

/** How the routes of a configuration differ from those that a ledger was made for. */
export function compareRoutes(
  recorded: readonly RouteIdentity[],
  configured: readonly RouteIdentity[],
): readonly RouteDifference[] {
  const differences: RouteDifference[] = [];
  for (const route of configured) {
    const known = recorded.find((candidate) => candidate.name === route.name);
    if (known === undefined) {
      differences.push({ name: route.name, difference: "is new", dangerous: false });
      continue;
    }
    for (const side of ["source", "target"] as const) {
      const before = known[`${side}Identity`];
      const now = route[`${side}Identity`];
      if (before === now) continue;
      differences.push({
        name: route.name,
        difference: `has another ${side}: ${before} on record, ${now} in the configuration`,
        dangerous: true,
      });
    }
  }
  for (const route of recorded) {
    if (configured.some((candidate) => candidate.name === route.name)) continue;
    differences.push({ name: route.name, difference: "is on record and not in the configuration", dangerous: false });
  }
  return differences;
}
