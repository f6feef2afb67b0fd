import { s3Server } from "@bucketferry/local-servers";
import { describe, expect, it } from "vitest";
import { rawS3 } from "../limits/raw-s3.ts";
import { freshBucket } from "../services/bucket.ts";
import { countedRequests, objectRequests, tally } from "../services/counted-requests.ts";

const request = (method: string, target: string) => {
  const [path = "", query = ""] = target.split("?");
  return { method, path, query };
};

describe("counted requests", () => {
  it("tell listings and requests about a bucket from those about an object", () => {
    const counts = tally([
      request("GET", "/bucket?list-type=2&prefix="),
      request("GET", "/bucket/?delimiter=&prefix=&max-keys=1000"),
      request("GET", "/bucket?location="),
      request("HEAD", "/bucket"),
      request("HEAD", "/bucket/audio/1.mp3"),
      request("GET", "/bucket/audio/1.mp3"),
      request("PUT", "/bucket/audio/1.mp3?partNumber=1&uploadId=x"),
      request("POST", "/bucket/audio/1.mp3?uploads="),
      request("DELETE", "/bucket/audio/1.mp3"),
    ]);
    expect(counts).toEqual({ list: 2, bucket: 2, head: 1, get: 1, put: 1, post: 1, delete: 1 });
    expect(objectRequests(counts)).toBe(5);
  });

  it("are those that reach the server after the beginning", async () => {
    const server = await s3Server({ profile: "ceph16" });
    const service = {
      name: "local",
      endpoint: server.url,
      region: server.region,
      credentials: server.credentials,
      profile: "ceph",
      isLocal: true,
    };
    const bucket = await freshBucket(service);
    try {
      await bucket.fill(3, 10);
      expect(await bucket.contents()).toEqual({ objects: 3, bytes: 30 });
      const counts = await countedRequests(service, async (seen, begin) => {
        const s3 = rawS3(seen, 2);
        await (await s3.request("HEAD", `/${bucket.name}/audio/0000/00000000.mp3`)).body.dump();
        begin();
        for await (const { key } of s3.list(bucket.name))
          await (await s3.request("GET", `/${bucket.name}/${key}`)).body.dump();
        await s3.close();
      });
      expect(counts).toMatchObject({ list: 1, get: 3, head: 0 });
    } finally {
      await bucket.remove();
      expect(server.requests()).toBeGreaterThan(0);
      await server.close();
    }
  });
});
