import { expect, it } from "vitest";
import { mayTake, type LockDecision, type OwnerFacts } from "./may-take.ts";

const LEASE = 30_000;
const TABLE: readonly (readonly [string, Partial<OwnerFacts>, LockDecision])[] = [
  ["nobody holds it", { held: false }, "free"],
  ["its owner lives on this host", { sameHost: true, alive: true }, "held"],
  [
    "its owner lives on this host, and slept through its lease",
    { sameHost: true, alive: true, heartbeatAgeMs: 9e9 },
    "held",
  ],
  ["its owner on this host is dead", { sameHost: true, alive: false }, "owner-dead"],
  ["another host was heard within the lease", { heartbeatAgeMs: LEASE }, "held"],
  ["another host was not heard for longer than the lease", { heartbeatAgeMs: LEASE + 1 }, "lease-over"],
  ["another host's clock is a little ahead", { heartbeatAgeMs: -LEASE }, "held"],
  ["another host's clock is far ahead", { heartbeatAgeMs: -LEASE - 1 }, "lease-over"],
];

it.each(TABLE)("L4 a lock, when %s", (_, facts, decision) => {
  expect(mayTake({ held: true, sameHost: false, alive: false, heartbeatAgeMs: 0, leaseMs: LEASE, ...facts })).toBe(
    decision,
  );
});
