import type { StorageProvider } from "../contract/provider.ts";
import type { Harness } from "./case.ts";
import type { SuiteReport } from "./report.ts";
import { runSuite, type RunSuiteOptions } from "./run-suite.ts";

export interface CertifyTarget {
  /** Shown in the report. */
  readonly name: string;
  /**
   * A new instance onto the bucket. Some cases write keys that begin with a slash, or name a sibling of their prefix:
   * give a provider that is confined to a scratch prefix, and nothing outside it can be touched.
   */
  createProvider(): Promise<StorageProvider> | StorageProvider;
  /** Absent: URLs that the provider issues are fetched with the runtime's own `fetch`. */
  readonly fetch?: ((url: string, init?: RequestInit) => Promise<Response>) | undefined;
}

const NO_CONTROL = "the suite does not control the surroundings of a live bucket";

/**
 * Runs the contract against a live bucket, with nothing but a provider: what would need a fault proxy or a second set of
 * credentials is reported as skipped.
 */
export async function certify(target: CertifyTarget, options: RunSuiteOptions = {}): Promise<SuiteReport> {
  return runSuite(liveHarness(target), { acceptSkipped: "all", ...options });
}

function liveHarness(target: CertifyTarget): Harness {
  return {
    name: target.name,
    createProvider: async () => target.createProvider(),
    fetch: target.fetch ?? ((url, init) => fetch(url, init)),
    without: {
      requests: NO_CONTROL,
      faults: NO_CONTROL,
      "variant:wrongCredentials": NO_CONTROL,
      "variant:expiredCredentials": NO_CONTROL,
      "variant:forbidden": NO_CONTROL,
      "variant:readOnly": NO_CONTROL,
      "variant:missingBucket": NO_CONTROL,
      "variant:outage": NO_CONTROL,
      "variant:wrongRegion": NO_CONTROL,
      "variant:skewedClock": NO_CONTROL,
    },
    urls: { issued: [], foreign: [] },
    destroy: async () => {},
  };
}
