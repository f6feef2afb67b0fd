import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { s3Server, type ProfileName, type S3User } from "@bucketferry/local-servers";
import type { CaseSelection } from "@bucketferry/storage-core/conformance";
import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { describe } from "vitest";
import type { S3Options, S3ProfileName } from "../../src/index.ts";
import { testBuckets } from "../support/bucket.ts";
import { COMMON_VARIANTS, LEVELS, s3Harness } from "./harness.ts";

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

interface Run extends CaseSelection {
  readonly server: ProfileName;
  readonly overrides: Partial<S3Options> & { readonly profile: S3ProfileName };
  /** Listings come in pages shorter than asked for. */
  readonly shortPages?: boolean;
  readonly deviations?: Readonly<Record<string, string>>;
}

/** Where services differ. What every run would only repeat is left to those that run everything. */
const DIFFERENCES = [
  "A0",
  "B0",
  "B15",
  "C",
  "D",
  "E01",
  "E02",
  "E05",
  "E09",
  "E10",
  "E11",
  "F",
  "G0",
  "I",
  "J11",
  "J12",
  "K",
  "M",
  "X",
];

/** What reads a listing to its end: the listings themselves, the deletion of what is listed, and names that XML cannot hold. */
const LISTINGS = ["B0", "G0", "H"];

const RUNS: readonly Run[] = [
  { server: "aws", overrides: { profile: "aws" } },
  { server: "aws", overrides: { profile: "aws", lane: "sdk" } },
  { server: "awsObjectLock", overrides: { profile: "aws" }, only: ["A0", "F", "I", "K"] },
  { server: "aws", overrides: { profile: "generic" }, only: DIFFERENCES },
  { server: "ceph16", overrides: { profile: "ceph" } },
  { server: "ceph20", overrides: { profile: "ceph" }, only: DIFFERENCES },
  {
    server: "minio",
    overrides: { profile: "minio" },
    only: DIFFERENCES,
    deviations: { B15: "MinIO itself refuses a/b beside a; our server keeps both, so here nothing can be refused" },
  },
  {
    server: "aws",
    overrides: { profile: "aws" },
    shortPages: true,
    only: LISTINGS,
    deviations: { H19: "the first page of this server is empty, so the first entry costs two" },
  },
  { server: "ceph16", overrides: { profile: "ceph" }, shortPages: true, only: LISTINGS },
  { server: "r2", overrides: { profile: "r2", region: "auto" }, only: DIFFERENCES },
  { server: "gcs", overrides: { profile: "gcs", region: "auto" }, only: DIFFERENCES },
  {
    server: "supabase",
    overrides: { profile: "supabase-s3" },
    deviations: {
      X06: "older versions deny the deletion of a missing key among many, so each of these is asked for alone",
    },
  },
  { server: "b2", overrides: { profile: "b2", region: "us-west-004" }, only: DIFFERENCES },
];

describe("our own server, in the manner of each service, keeps the storage contract", () => {
  for (const { server, overrides, shortPages = false, deviations = {}, ...selection } of RUNS) {
    const title = [
      `${server}, profile ${overrides.profile}`,
      ...(overrides.lane === undefined ? [] : [`lane ${overrides.lane}`]),
      ...(shortPages ? ["short pages"] : []),
    ].join(", ");
    conformanceTests(
      async () => {
        const region = overrides.region ?? "us-east-1";
        // On disk: what the server keeps in memory would be counted as the provider's.
        const directory = await mkdtemp(join(tmpdir(), "bucketferry-s3-"));
        const users = [OWNER, STRANGER, READER, LATECOMER];
        const running = await s3Server({ users, profile: server, region, directory, shortPages });
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
          deviations,
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
            await rm(directory, { recursive: true });
          },
        });
      },
      {
        title,
        levels: LEVELS,
        ...selection,
        acceptSkipped: server.startsWith("ceph") ? ["M05"] : [],
        onReport: console.log,
      },
    );
  }
});

function keysOf({ accessKeyId, secretAccessKey, sessionToken }: S3User): Partial<S3Options> {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
