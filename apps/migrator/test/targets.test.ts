import { DeleteBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { findS3Endpoint, S3_ENDPOINT_HINT, type ProfileName, type S3Endpoint } from "@bucketferry/local-servers";
import { describe, expect, it } from "vitest";
import { openStages } from "./in-process.ts";
import { content, inventory, openWorld, seed } from "./world.ts";

/** Targets that verify checksums or not, know conditions or not: the end is the same, the evidence differs. */
const PROFILES: readonly ProfileName[] = ["aws", "ceph16", "ceph18", "ceph20", "r2", "b2", "minio"];

describe("S30 a target like", () => {
  it.each(PROFILES)(
    "%s gets every object, small and large, and none counts as verified without evidence",
    async (profile) => {
      const world = await openWorld({ targetProfile: profile });
      try {
        const keys = await seed(world, 8);
        await world.route.source.put("zz-large", content(9, 12_000_000));
        const stages = await openStages(world);
        await stages.plan();
        expect(await stages.copy()).toMatchObject({ copied: 9, failed: 0 });
        const verified = await stages.verify();
        expect(verified).toMatchObject({ verified: 9, unchecked: 0, planAgain: {} });
        expect(Object.values(verified.byEvidence).reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(9);
        expect(Object.keys(await inventory(world.route.target))).toEqual([...keys, "zz-large"]);
        await stages.plan();
        expect(await stages.copy()).toMatchObject({ copied: 0, adopted: 0, failed: 0 });
        await stages.close();
      } finally {
        await world.close();
      }
    },
  );
});

it("S30 a service that nobody knows may store whatever comes, so its copies count only when they were read back", async () => {
  const world = await openWorld();
  try {
    world.configure(({ routes: [route] }) => {
      if (route !== undefined) route.target["profile"] = "generic";
    });
    await seed(world, 4);
    await world.route.source.put("zz-large", content(9, 12_000_000));
    const stages = await openStages(world);
    await stages.plan();
    expect(await stages.copy()).toMatchObject({ copied: 5, failed: 0 });
    expect(await stages.verify()).toMatchObject({ verified: 5, unchecked: 0, byEvidence: { "read-back": 5 } });
    await stages.close();
  } finally {
    await world.close();
  }
});

const endpoint = await findS3Endpoint();
if (endpoint === undefined) {
  if (process.env["CI"] !== undefined) throw new Error(`No S3 service answers. ${S3_ENDPOINT_HINT}`);
  console.warn(`SKIPPED: no S3 service answers. ${S3_ENDPOINT_HINT}`);
}

describe.skipIf(endpoint === undefined)("a real S3 service", () => {
  it("gets every object with its metadata, verified, and a second run copies nothing", async () => {
    if (endpoint === undefined) return;
    const world = await openWorld();
    const bucket = `bucketferry-migrator-${process.pid}-${Date.now()}`;
    world.configure((config) => {
      const [route] = config.routes;
      if (route === undefined) return;
      route.target = {
        adapter: "s3",
        endpoint: endpoint.endpoint,
        region: endpoint.region,
        profile: endpoint.profile,
        bucket,
        prefix: "moved/",
        forcePathStyle: true,
        accessKeyId: endpoint.credentials.accessKeyId,
        secretAccessKey: endpoint.credentials.secretAccessKey,
      };
    });
    const stages = await openStages(world);
    const [route] = stages.context.routes;
    if (route === undefined) throw new Error("no route");
    try {
      await route.target.ensureBucket();
      const keys = await seed(world, 25);
      await world.route.source.put("zz-large", content(9, 18_000_000), { contentType: "audio/wav" });
      await stages.plan();
      expect(await stages.copy()).toMatchObject({ copied: 26, failed: 0 });
      expect(await stages.verify()).toMatchObject({ verified: 26 });
      expect(await stages.verify("deep")).toMatchObject({ verified: 26, byEvidence: { "both-read": 26 } });
      const copy = await route.target.get(keys[3] ?? "");
      expect(copy.info).toMatchObject({ contentType: "audio/mpeg", metadata: { lecture: "3" } });
      await copy.cancel();
      await stages.plan();
      expect(await stages.copy()).toMatchObject({ copied: 0, adopted: 0 });
    } finally {
      for await (const outcome of route.target.deleteMany(Object.keys(await inventory(route.target)))) void outcome;
      await stages.close();
      await world.close();
      await deleteBucket(bucket, endpoint);
    }
  });
});

/** Nothing in this project deletes buckets, so the AWS SDK does. */
async function deleteBucket(bucket: string, { endpoint: url, region, credentials }: S3Endpoint): Promise<void> {
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true });
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  client.destroy();
}
