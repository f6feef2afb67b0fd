import { expect, test } from "vitest";
import { openRoute } from "./routes.ts";
import { parseConfig } from "./load-config.ts";

const SIDE = {
  adapter: "s3",
  endpoint: "http://127.0.0.1:9000",
  region: "us-east-1",
  bucket: "old",
  accessKeyId: "FAKEACCESSKEY",
  secretAccessKey: "fake-secret",
};

async function sourceWithin(source: object, target: object) {
  const config = await parseConfig({ routes: [{ name: "a", source, target }] }, "/nowhere/bucketferry.config.json");
  const [route] = config.routes.map(openRoute);
  await route?.close();
  return route?.sourceWithinTarget;
}

test.each([
  ["another bucket", { bucket: "new" }],
  ["a prefix", { prefix: "new/" }],
  ["URLs of its own", { bucket: "new", publicBaseUrl: "https://cdn.example.com", urlAliases: ["https://a.example"] }],
  ["versions", { bucket: "new", versioned: true, profile: "aws" }],
])("one service under the same credentials has both sides when the target has %s", async (_, target) => {
  const profile = "profile" in target ? { profile: "aws" } : {};
  const found = await sourceWithin({ ...SIDE, ...profile, prefix: "audio/" }, { ...SIDE, ...target });
  expect(found?.bucket).toBe("old");
  expect(found?.wholeKey("a.mp3")).toBe("audio/a.mp3");
});

test.each([
  ["endpoint", { endpoint: "http://127.0.0.1:9001" }],
  ["region", { region: "eu-west-1" }],
  ["access key", { accessKeyId: "OTHERACCESSKEY" }],
  ["secret", { secretAccessKey: "another-secret" }],
  ["session", { sessionToken: "a-token" }],
  ["profile", { profile: "ceph" }],
])("two sides count as two services when the target has another %s", async (_, target) => {
  expect(await sourceWithin(SIDE, { ...SIDE, ...target })).toBeUndefined();
});

test("two sides of different adapters are two services", async () => {
  expect(await sourceWithin(SIDE, { adapter: "memory", bucket: "old" })).toBeUndefined();
});
