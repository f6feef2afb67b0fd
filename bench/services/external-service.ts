import { findS3Endpoint, requireEngine, S3_ENDPOINT_HINT } from "@bucketferry/local-servers";
import type { RunningService } from "./service.ts";

/** The S3 service that the tests would use as well; without one undefined, said loudly. */
export async function externalService(endpoint: string | undefined): Promise<RunningService | undefined> {
  const environment = endpoint === undefined ? process.env : { ...process.env, S3_TEST_ENDPOINT: endpoint };
  const found = requireEngine("S3 service", await findS3Endpoint(environment), S3_ENDPOINT_HINT);
  if (found === undefined) return undefined;
  return { ...found, name: `S3 service (${found.profile})`, isLocal: false, close: async () => undefined };
}
