import type { CaseSelection } from "@bucketferry/storage-core/conformance";
import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { describe } from "vitest";
import type { S3Options } from "../../src/index.ts";
import { S3_PROFILES } from "../../src/s3-profiles.ts";
import { testBuckets } from "../support/bucket.ts";
import { externalEngine } from "../support/engine.ts";
import { COMMON_VARIANTS, LEVELS, s3Harness } from "./harness.ts";

const engine = await externalEngine();

interface Run extends CaseSelection {
  readonly title: string;
  readonly overrides: Partial<S3Options>;
}

const RUNS: readonly Run[] = [
  { title: "by our own lane", overrides: {} },
  {
    title: "by the lane of the AWS SDK",
    overrides: { lane: "sdk" },
    only: ["A", "B0", "B18", "C", "D", "E01", "E02", "F", "G0", "H04", "H09", "H17", "I", "K", "L", "M", "X"],
  },
  {
    title: "in a bucket with versions",
    overrides: { versioned: true },
    only: ["A12", "A13", "A14", "A27", "E", "F01", "G07", "G08", "G11", "H04", "H18", "I01", "I03", "K01", "X"],
  },
];

const ONE_USER = "the gateway has one user: name a second one in S3_TEST_OTHER_ACCESS_KEY_ID and …_SECRET_ACCESS_KEY";

/** A service that keeps no versions, or is not known to, refuses the option. */
const keepsVersions = engine !== undefined && S3_PROFILES[engine.profile].capabilities.versions;

describe.skipIf(engine === undefined)("a real S3 service keeps the storage contract", () => {
  for (const { title, overrides, ...selection } of RUNS) {
    if (overrides.versioned === true && !keepsVersions) continue;
    conformanceTests(
      async () => {
        if (engine === undefined) throw new Error("skipped, so never called");
        const buckets = testBuckets(engine);
        const { stranger } = engine;
        return s3Harness({
          name: `s3 on ${engine.name}, ${title}`,
          engine,
          bucket: await buckets.create({ versioned: overrides.versioned === true }),
          overrides,
          variants: {
            ...COMMON_VARIANTS,
            ...(stranger === undefined
              ? {}
              : { forbidden: stranger, readOnly: { ...stranger, bucket: await buckets.create({ readable: true }) } }),
          },
          without: {
            "variant:expiredCredentials": "the gateway issues no temporary credentials (no STS)",
            "variant:wrongRegion": "Ceph accepts any region in a signature",
            ...(stranger === undefined ? { "variant:forbidden": ONE_USER, "variant:readOnly": ONE_USER } : {}),
          },
          destroy: buckets.destroy,
        });
      },
      {
        title,
        levels: LEVELS,
        ...selection,
        // What this service cannot be asked; the local server is asked all of it.
        acceptSkipped: ["M04", "M05", ...(engine?.stranger === undefined ? ["G03", "G05", "M03"] : [])],
        onReport: console.log,
      },
    );
  }
});
