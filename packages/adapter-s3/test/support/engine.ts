import type { S3Options } from "../../src/index.ts";
import type { S3ProfileName } from "../../src/s3-profiles.ts";

/** A running S3 service that tests may use. */
export interface Engine {
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  readonly profile: S3ProfileName;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A second user, who may do nothing with the buckets of the first. */
  readonly stranger?: Pick<Engine, "accessKeyId" | "secretAccessKey"> | undefined;
}

/** What `ceph-rgw start` of the workspace's CI prints as its environment. */
const DEFAULTS = {
  endpoint: "http://127.0.0.1:7480",
  accessKeyId: "testaccesskey000001",
  secretAccessKey: "testsecretkey0000000000000000000000000001",
  region: "us-east-1",
  profile: "ceph",
};

/**
 * The service that the environment names, or a Ceph gateway at its usual port; undefined when none answers. A missing
 * engine is said loudly at a desk and is a failure in CI, where nobody reads what was skipped.
 */
export async function externalEngine(): Promise<Engine | undefined> {
  const env = process.env;
  const endpoint = env["S3_TEST_ENDPOINT"] ?? DEFAULTS.endpoint;
  // Of a service that somebody names and says no more about, only the common part is believed.
  const unsaid = env["S3_TEST_ENDPOINT"] === undefined ? DEFAULTS.profile : "generic";
  const profile = (env["S3_TEST_PROFILE"] ?? unsaid) as S3ProfileName;
  try {
    await (await fetch(endpoint, { signal: AbortSignal.timeout(5000) })).arrayBuffer();
  } catch (error) {
    const message = `No S3 service answers at ${endpoint}, so nothing was tested against a real one. Start one, or name one in S3_TEST_ENDPOINT.`;
    if (env["CI"] !== undefined && env["CI"] !== "") throw new Error(message, { cause: error });
    console.warn(`\n*** SKIPPED: ${message} ***\n`);
    return undefined;
  }
  const strangerKeyId = env["S3_TEST_OTHER_ACCESS_KEY_ID"];
  const strangerSecret = env["S3_TEST_OTHER_SECRET_ACCESS_KEY"];
  return {
    name: profile,
    stranger:
      strangerKeyId === undefined || strangerSecret === undefined
        ? undefined
        : { accessKeyId: strangerKeyId, secretAccessKey: strangerSecret },
    endpoint,
    profile,
    region: env["S3_TEST_REGION"] ?? DEFAULTS.region,
    accessKeyId: env["S3_TEST_ACCESS_KEY_ID"] ?? DEFAULTS.accessKeyId,
    secretAccessKey: env["S3_TEST_SECRET_ACCESS_KEY"] ?? DEFAULTS.secretAccessKey,
  };
}

export function optionsFor(engine: Engine, bucket: string): S3Options {
  const { endpoint, region, profile, accessKeyId, secretAccessKey } = engine;
  return { bucket, endpoint, region, profile, accessKeyId, secretAccessKey, forcePathStyle: true };
}
