import type { Capabilities } from "../contract/capabilities.ts";
import type { StorageProvider } from "../contract/provider.ts";
import type { FaultControl } from "./faults.ts";

/** `core`: every provider passes. `extended`: by capability. `stress`: slow or behind the fault proxy; asked for by name. */
export type CaseLevel = "core" | "extended" | "stress";

/**
 * One promise of the contract as data: https-free, runner-free, so that Vitest, node:test and a command line that
 * certifies a customer's bucket all run the same ones.
 */
export interface ConformanceCase {
  /** Stable: `A01` … `X06`. */
  readonly id: string;
  /** A sentence about behaviour. */
  readonly title: string;
  readonly level: CaseLevel;
  /**
   * What the provider must be able to do for `run`. When any of them is missing, `refusal` runs instead and shows that
   * the operation is refused with `Unsupported` and that no request was made.
   */
  readonly needs: readonly Need[];
  /** What the surroundings must offer (a fault proxy, a second set of credentials …); the case is skipped, loudly, without. */
  readonly asks: readonly HarnessAbility[];
  run(t: CaseContext): Promise<void>;
  refusal?(t: CaseContext): Promise<void>;
}

export interface Need {
  /** For people: `conditionalPut.create`. */
  readonly name: string;
  readonly in: (capabilities: Capabilities) => boolean;
}

/** What `run` gets. Every case has a prefix of its own, and what it leaves there is deleted, and is itself a failure in X01. */
export interface CaseContext {
  readonly provider: StorageProvider;
  readonly harness: Harness;
  readonly capabilities: Capabilities;
  /** The case's own prefix, ending in a slash; it fits every charset. */
  readonly prefix: string;
  /** A key under the prefix. */
  key(name: string): string;
  /** Ends when the case's time is over. */
  readonly signal: AbortSignal;
  /** Numbers between 0 and 1, the same in every run with one seed. */
  random(): number;
  /** Ends the case as skipped, with its reason in the report. A core case that skips fails the run of our own adapters. */
  skip(reason: string): never;
}

/** Another provider onto the same service, with one thing wrong with it. */
export type Variant =
  /** Credentials that the service does not know. */
  | "wrongCredentials"
  /** Credentials that were good and have expired. */
  | "expiredCredentials"
  /** Known credentials that may do nothing with this bucket. */
  | "forbidden"
  /** Known credentials that may read but not write. */
  | "readOnly"
  /** A bucket that does not exist. */
  | "missingBucket"
  /** A service that refuses connections, or answers 503 to everything. */
  | "outage"
  /** A region that is not the bucket's. */
  | "wrongRegion"
  /** A clock that is 20 minutes off. */
  | "skewedClock";

export type HarnessAbility = "requests" | "faults" | "anonymousFetch" | `variant:${Variant}`;

/** The surroundings of a provider under test. One harness lives as long as one run of the suite. */
export interface Harness {
  /** Shown in the report: `memory`, `s3 on ceph`, `retry over memory`. */
  readonly name: string;
  /** A new instance onto the same bucket. */
  createProvider(): Promise<StorageProvider>;
  /** A new instance that has this wrong with it; `undefined` with a reason in `without` when the service has no such thing. */
  createVariant?(variant: Variant): Promise<StorageProvider>;
  /** How many requests (or, without a network, calls of the driver) the service has seen from all instances so far. */
  requests?(): number;
  /** The script of the fault proxy between provider and service. */
  readonly faults?: FaultControl | undefined;
  /**
   * Fetches a URL that the provider issued, as a stranger would: no credentials but those in the URL.
   * `fetch` itself where the service speaks HTTP; a small stand-in for providers whose URLs are not of the web.
   */
  fetch?(url: string, init?: RequestInit): Promise<Response>;
  /** Which abilities are missing here, and why. One that is missing without a reason fails the run. */
  readonly without: Partial<Readonly<Record<HarnessAbility, string>>>;
  /** URLs for J03–J07, from the provider's own tables. */
  readonly urls: UrlSamples;
  /** Case ids that this adapter is known to deviate in, each with its reason and a link. A deviation without a reason fails the run. */
  readonly deviations?: Readonly<Record<string, string>> | undefined;
  /** Ends servers and removes what the run made. */
  destroy(): Promise<void>;
}

export interface UrlSamples {
  /** Every form that the service has ever issued, for this bucket: what `parseUrl` has to make of each. */
  readonly issued: readonly { readonly url: string; readonly key: string; readonly kind: string }[];
  /** Look like ours and are not: other hosts, other buckets, other schemes, broken escapes. */
  readonly foreign: readonly string[];
}
