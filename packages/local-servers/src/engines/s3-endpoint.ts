/** A running S3 service that is not of this package. */
export interface S3Endpoint {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** `ceph`, `minio`, `generic` …: whose departures from AWS to expect. */
  readonly profile: string;
}

export const S3_ENDPOINT_HINT =
  "Start a Ceph gateway on port 7480, or name any S3 service in S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY_ID, S3_TEST_SECRET_ACCESS_KEY, S3_TEST_REGION and S3_TEST_PROFILE.";

/** Long enough for a service that has just been started. */
const ANSWER_WITHIN_MS = 5000;

/** The service that the environment names, or a Ceph gateway at its usual port; undefined when none answers. */
export async function findS3Endpoint(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<S3Endpoint | undefined> {
  const endpoint = environment["S3_TEST_ENDPOINT"] ?? "http://127.0.0.1:7480";
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await response.body?.cancel();
  } catch {
    return undefined;
  }
  return {
    endpoint,
    region: environment["S3_TEST_REGION"] ?? "us-east-1",
    credentials: {
      accessKeyId: environment["S3_TEST_ACCESS_KEY_ID"] ?? "testaccesskey000001",
      secretAccessKey: environment["S3_TEST_SECRET_ACCESS_KEY"] ?? "testsecretkey0000000000000000000000000001",
    },
    // Of a service that somebody names and says no more about, only the common part is believed.
    profile: environment["S3_TEST_PROFILE"] ?? (environment["S3_TEST_ENDPOINT"] === undefined ? "ceph" : "generic"),
  };
}
