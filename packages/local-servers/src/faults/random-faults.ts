import { seededRandom, type Fault, type FaultRule, type SeenRequest } from "@bucketferry/storage-core/conformance";

/** A place in a body: so many bytes from its start, or a fraction of its length, from 0 up to 1. */
export type Place = number | { readonly fraction: number };

type Placed<One> = One extends { readonly atByte: number }
  ? Omit<One, "atByte"> & { readonly atByte: Place }
  : One extends { readonly afterBytes: number }
    ? Omit<One, "afterBytes"> & { readonly afterBytes: Place }
    : One;

/** A fault whose place in the body may depend on how long the body turns out to be. */
export type PlacedFault = Placed<Fault>;

type Anywhere<One> = One extends { readonly atByte: number }
  ? Omit<One, "atByte"> & { readonly atByte: number | "anywhere" }
  : One extends { readonly afterBytes: number }
    ? Omit<One, "afterBytes"> & { readonly afterBytes: number | "anywhere" }
    : One;

/** A fault that strikes some of the requests, and nobody knows which. */
export interface RandomFault {
  /** Of the requests that match, from 0 (none) to 1 (all). */
  readonly probability: number;
  /** Strikes at the latest the so-manieth request in a row that it could strike: however short a run is, it comes. Left out: luck alone. */
  readonly atLatest?: number | undefined;
  /** Left out: all requests. */
  readonly match?: FaultRule["match"] | ((request: SeenRequest) => boolean);
  readonly fault: Anywhere<Fault>;
}

export interface RandomFaultsOptions {
  /** The same seed and the same order of requests give the same faults. */
  readonly seed: string;
  /** Asked in their order; a request suffers at most one. */
  readonly faults: readonly RandomFault[];
}

export interface RandomFaults {
  take(request: SeenRequest): PlacedFault | undefined;
  /** How many requests suffered what. */
  struck(): Readonly<Partial<Record<Fault["kind"], number>>>;
}

export function randomFaults(
  { seed, faults }: RandomFaultsOptions,
  fits: (match: FaultRule["match"], request: SeenRequest) => boolean,
): RandomFaults {
  const random = seededRandom(seed);
  const struck: Partial<Record<Fault["kind"], number>> = {};
  const spared = new Map<RandomFault, number>();
  const matches = ({ match = {} }: RandomFault, request: SeenRequest): boolean =>
    typeof match === "function" ? match(request) : fits(match, request);
  const placed = (fault: RandomFault["fault"]): PlacedFault => {
    if ("atByte" in fault && fault.atByte === "anywhere") return { ...fault, atByte: { fraction: random() } };
    if ("afterBytes" in fault && fault.afterBytes === "anywhere") {
      return { ...fault, afterBytes: { fraction: random() } };
    }
    return fault as Fault;
  };
  const strikes = (one: RandomFault): boolean => {
    const inARow = (spared.get(one) ?? 0) + 1;
    const strikesNow = random() < one.probability || inARow === one.atLatest;
    spared.set(one, strikesNow ? 0 : inARow);
    return strikesNow;
  };
  return {
    take(request) {
      for (const one of faults) {
        if (!matches(one, request) || !strikes(one)) continue;
        struck[one.fault.kind] = (struck[one.fault.kind] ?? 0) + 1;
        return placed(one.fault);
      }
      return undefined;
    },
    struck: () => ({ ...struck }),
  };
}
