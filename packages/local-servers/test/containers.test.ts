import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { localStack, minio, postgresContainer, supabaseStorage } from "../src/index.ts";

/** Images of a gigabyte are not pulled by the way: asked for by name. */
const asked = process.env["BUCKETFERRY_TEST_CONTAINERS"] === "1";
if (!asked) {
  process.stderr.write(
    "\n*** SKIPPED: containers. Set BUCKETFERRY_TEST_CONTAINERS=1 where a Docker engine answers. ***\n\n",
  );
}

describe.skipIf(!asked)("an engine in a container answers", { timeout: 600_000 }, () => {
  it.each([
    ["MinIO", minio],
    ["LocalStack", localStack],
  ])("%s", async (_, start) => {
    const service = await start();
    if (service === undefined) throw new Error("No Docker engine answers.");
    const { endpoint, region, credentials } = service;
    const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    try {
      expect((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
    } finally {
      s3.destroy();
      await service.close();
    }
  });

  it("PostgreSQL", async () => {
    const service = await postgresContainer();
    if (service === undefined) throw new Error("No Docker engine answers.");
    const client = new pg.Client({ connectionString: service.url });
    await client.connect();
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.end();
    await service.close();
  });

  it("Supabase Storage", async () => {
    const service = await supabaseStorage();
    if (service === undefined) throw new Error("No Docker engine answers.");
    const headers = { authorization: `Bearer ${service.serviceKey}`, apikey: service.serviceKey };
    expect(await (await fetch(`${service.storageUrl}/bucket`, { headers })).json()).toEqual([]);
    await service.close();
  });
});
