import { faultProxy } from "@bucketferry/local-servers";
import type { CaseLevel, Harness, HarnessAbility, Variant } from "@bucketferry/storage-core/conformance";
import { s3, type S3Options } from "../../src/index.ts";
import { optionsFor, type Engine } from "../support/engine.ts";
import { urlSamples } from "../support/url-samples.ts";

export interface S3HarnessOptions {
  readonly name: string;
  /** The service; the providers under test reach it through a proxy that counts and breaks requests. */
  readonly engine: Engine;
  readonly bucket: string;
  /** Laid over the options of every provider. */
  readonly overrides?: Partial<S3Options>;
  /** What a variant changes; absent: the engine has no such thing, and `without` says why. */
  readonly variants: Partial<Readonly<Record<Variant, Partial<S3Options>>>>;
  readonly without: Partial<Record<HarnessAbility, string>>;
  readonly deviations?: Readonly<Record<string, string>>;
  readonly destroy: () => Promise<void>;
}

/** `BUCKETFERRY_STRESS=1` adds the slow cases and those of bad wires. */
export const LEVELS: readonly CaseLevel[] =
  process.env["BUCKETFERRY_STRESS"] === undefined ? ["core", "extended"] : ["core", "extended", "stress"];

const TWENTY_MINUTES_MS = 20 * 60_000;
/** Nothing listens on the discard port of the loopback interface. */
const NOBODY = "http://127.0.0.1:9";

/** Variants that every S3 service has. */
export const COMMON_VARIANTS: S3HarnessOptions["variants"] = {
  wrongCredentials: { secretAccessKey: "not-the-secret-of-this-access-key" },
  missingBucket: { bucket: "bucketferry-test-there-is-no-such-bucket" },
  outage: { endpoint: NOBODY },
  skewedClock: { now: () => Date.now() - TWENTY_MINUTES_MS },
};

export async function s3Harness(given: S3HarnessOptions): Promise<Harness> {
  const { name, engine, bucket, overrides, variants, without, deviations, destroy } = given;
  const proxy = await faultProxy({ target: engine.endpoint });
  const proxied: Engine = { ...engine, endpoint: proxy.url };
  const options: S3Options = { ...optionsFor(proxied, bucket), ...overrides };
  return {
    name,
    createProvider: async () => s3(options),
    createVariant: async (variant) => s3({ ...options, ...variants[variant] }),
    requests: () => proxy.requests(),
    faults: proxy.faults,
    fetch,
    without,
    urls: urlSamples(proxied, bucket),
    badOptions: [
      { what: "no bucket", create: () => s3({ ...options, bucket: "" }) },
      { what: "half of the credentials", create: () => s3({ ...options, secretAccessKey: undefined }) },
      { what: "an unknown field", create: () => s3({ ...options, acl: "public-read" } as S3Options) },
      { what: "an endpoint that is no URL", create: () => s3({ ...options, endpoint: "s3.example.com" }) },
    ],
    ...(deviations === undefined ? {} : { deviations }),
    async destroy() {
      await proxy.close();
      await destroy();
    },
  };
}
