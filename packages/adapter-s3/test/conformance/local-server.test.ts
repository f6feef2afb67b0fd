import { s3Server, type ProfileName, type S3User } from "@bucketferry/local-servers";
import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { describe } from "vitest";
import type { S3Options, S3ProfileName } from "../../src/index.ts";
import { testBuckets } from "../support/bucket.ts";
import { COMMON_VARIANTS, s3Harness } from "./harness.ts";

const OWNER: S3User = { accessKeyId: "OWNERACCESSKEY", secretAccessKey: "secret-of-the-owner" };
const STRANGER: S3User = {
  accessKeyId: "STRANGERACCESSKEY",
  secretAccessKey: "secret-of-the-stranger",
  access: "none",
};
const READER: S3User = { accessKeyId: "READERACCESSKEY", secretAccessKey: "secret-of-the-reader", access: "readOnly" };
const LATECOMER: S3User = {
  accessKeyId: "LATEACCESSKEY",
  secretAccessKey: "secret-of-the-latecomer",
  sessionToken: "a-token-of-yesterday",
  expiresAt: new Date(Date.now() - 86_400_000),
};

interface Run {
  readonly server: ProfileName;
  readonly overrides: Partial<S3Options> & { readonly profile: S3ProfileName };
}

const RUNS: readonly Run[] = [
  { server: "aws", overrides: { profile: "aws" } },
  { server: "aws", overrides: { profile: "aws", lane: "sdk" } },
  { server: "aws", overrides: { profile: "generic" } },
  { server: "ceph16", overrides: { profile: "ceph" } },
  { server: "ceph20", overrides: { profile: "ceph" } },
  { server: "minio", overrides: { profile: "minio" } },
  { server: "r2", overrides: { profile: "r2", region: "auto" } },
  { server: "b2", overrides: { profile: "b2", region: "us-west-004" } },
];

describe("our own server, in the manner of each service, keeps the storage contract", () => {
  for (const { server, overrides } of RUNS) {
    const title = `${server}, profile ${overrides.profile}${overrides.lane === undefined ? "" : `, lane ${overrides.lane}`}`;
    conformanceTests(
      async () => {
        const region = overrides.region ?? "us-east-1";
        const running = await s3Server({ users: [OWNER, STRANGER, READER, LATECOMER], profile: server, region });
        const engine = {
          name: server,
          endpoint: running.url,
          region,
          profile: overrides.profile,
          ...running.credentials,
        };
        const buckets = testBuckets(engine);
        const takesAnyRegion = server.startsWith("ceph");
        return s3Harness({
          name: `s3 on the local server, ${title}`,
          engine,
          bucket: await buckets.create(),
          overrides,
          variants: {
            ...COMMON_VARIANTS,
            forbidden: keysOf(STRANGER),
            readOnly: keysOf(READER),
            expiredCredentials: keysOf(LATECOMER),
            wrongRegion: { region: "eu-central-7" },
          },
          without: takesAnyRegion ? { "variant:wrongRegion": "Ceph accepts any region in a signature" } : {},
          async destroy() {
            await buckets.destroy();
            await running.close();
          },
        });
      },
      { title, acceptSkipped: server.startsWith("ceph") ? ["M05"] : [], onReport: console.log },
    );
  }
});

function keysOf({ accessKeyId, secretAccessKey, sessionToken }: S3User): Partial<S3Options> {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
