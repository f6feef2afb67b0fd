import type { Capabilities } from "../contract/capabilities.ts";
import type { MultipartUpload, StorageProvider } from "../contract/provider.ts";
import type { FaultControl } from "./faults.ts";

/** `core`: every provider passes. `extended`: by capability. `stress`: slow or behind the fault proxy; asked for by name. */
export type CaseLevel = (typeof CASE_LEVELS)[number];

export const CASE_LEVELS = ["core", "extended", "stress"] as const;

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
  /** How long it may take, when that is longer than the suite's own limit. */
  readonly timeoutMs?: number | undefined;
  run(t: CaseContext): Promise<void>;
  refusal?(t: CaseContext): Promise<void>;
}

export interface Need {
  /** For people: `conditionalPut.create`. */
  readonly name: string;
  readonly in: (capabilities: Capabilities) => boolean;
}

/**
 * What `run` gets. Every case has a prefix of its own. Objects under it are deleted afterwards, and one that cannot be is
 * a failure in X01; an upload in parts that is still open then is aborted, and is a failure in X02.
 */
export interface CaseContext {
  /** One instance for the whole run. A case that closes its provider makes its own by `createProvider`. */
  readonly provider: StorageProvider;
  readonly harness: Harness;
  readonly capabilities: Capabilities;
  /** The case's own prefix, ending in a slash; it fits every charset. */
  readonly prefix: string;
  /** A key under the prefix. */
  readonly key: (name: string) => string;
  /** Ends when the case's time is over. */
  readonly signal: AbortSignal;
  /** Numbers between 0 and 1, the same in every run with one seed. */
  readonly random: () => number;
  /** Ends the case as skipped, with its reason in the report. A core case that skips fails the run of our own adapters. */
  skip(reason: string): never;
  /** A new instance onto the same bucket, closed after the case. */
  createProvider(): Promise<StorageProvider>;
  /** A new instance with this wrong with it, closed after the case. The case must ask for `variant:…`. */
  createVariant(variant: Variant): Promise<StorageProvider>;
  /** Runs after the case, also after a failed one, last registered first. For what the prefix does not cover. */
  afterwards(action: () => Promise<unknown>): void;
  /** What is known of the run so far; for the X-cases, which come last. */
  readonly run: RunRecord;
}

/**
 * `passed` · `refused`: a capability is missing and the refusal was proved · `inapplicable`: a capability is missing and
 * there is nothing to refuse · `skipped`: the surroundings lack something · `deviated`: fails as the harness declared.
 */
export type CaseOutcome = (typeof CASE_OUTCOMES)[number];

export const CASE_OUTCOMES = ["passed", "refused", "inapplicable", "skipped", "deviated", "failed"] as const;

export interface CaseResult {
  readonly id: string;
  readonly title: string;
  readonly level: CaseLevel;
  readonly outcome: CaseOutcome;
  /** Why it is not simply `passed`: the capability, the missing ability, the declared deviation, or the failure. */
  readonly reason?: string | undefined;
  /** What was thrown, when it failed. */
  readonly error?: unknown;
  readonly durationMs: number;
  /** Requests that the case itself made, its cleaning up not counted; undefined when the harness cannot count. */
  readonly requests?: number | undefined;
}

/** What a run of the suite remembers. It grows while the run goes on. */
export interface RunRecord {
  /** The prefix that the prefixes of all cases begin with; ends in a slash. */
  readonly prefix: string;
  readonly results: readonly CaseResult[];
  /** Objects that were still there after their case had been cleaned up. */
  readonly leakedKeys: readonly { readonly caseId: string; readonly key: string; readonly reason: string }[];
  /** Uploads in parts that were still open when their case ended. */
  readonly leakedUploads: readonly { readonly caseId: string; readonly upload: MultipartUpload }[];
  /** Cases after which it could not even be seen what they had left. */
  readonly uncleaned: readonly {
    readonly caseId: string;
    readonly what: "objects" | "uploads";
    readonly reason: string;
  }[];
  /** Rejections that nobody handled since the run began, where the runtime tells. */
  readonly unhandledRejections: readonly unknown[];
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
  readonly requests?: (() => number) | undefined;
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
  /** Size above which the provider copies in parts, made so small that I09 and I10 can afford it. */
  readonly copyInPartsAboveBytes?: number | undefined;
  /** Makings of a provider, each with one wrong option: each throws `InvalidConfig` at once (N01). */
  readonly badOptions?: readonly { readonly what: string; readonly create: () => unknown }[] | undefined;
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
