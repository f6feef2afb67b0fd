import { afterEach, describe, expect, it, vi } from "vitest";
import { s3Server } from "../s3/index.ts";
import { requireEngine } from "./require-engine.ts";
import { findS3Endpoint } from "./s3-endpoint.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("an engine that tests need", () => {
  it("is passed on when it is there", () => {
    expect(requireEngine("Ceph", "found", "hint")).toBe("found");
  });

  it("is missed loudly at a desk", () => {
    vi.stubEnv("CI", "");
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(requireEngine("Ceph", undefined, "Start one.")).toBeUndefined();
    expect(said).toHaveBeenCalledWith(
      expect.stringContaining("SKIPPED: No Ceph here, so nothing is tested against it. Start one."),
    );
  });

  it("is an error when it is missing in CI", () => {
    vi.stubEnv("CI", "true");
    expect(() => requireEngine("Ceph", undefined, "Start one.")).toThrow("No Ceph here");
  });

  it("is missed loudly in a CI that says that it has none", () => {
    vi.stubEnv("CI", "true");
    vi.stubEnv("BUCKETFERRY_TEST_WITHOUT", "MinIO, Ceph");
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(requireEngine("Ceph", undefined, "Start one.")).toBeUndefined();
    expect(said).toHaveBeenCalledOnce();
    expect(() => requireEngine("PgBouncer", undefined, "Install it.")).toThrow("No PgBouncer here");
  });
});

describe("an S3 service that the environment names", () => {
  it("is found with its keys, region and profile", async () => {
    const server = await s3Server();
    const found = await findS3Endpoint({
      S3_TEST_ENDPOINT: server.url,
      S3_TEST_ACCESS_KEY_ID: "id",
      S3_TEST_SECRET_ACCESS_KEY: "secret",
      S3_TEST_REGION: "eu-west-1",
      S3_TEST_PROFILE: "minio",
    });
    expect(found).toEqual({
      endpoint: server.url,
      region: "eu-west-1",
      credentials: { accessKeyId: "id", secretAccessKey: "secret" },
      profile: "minio",
    });
    expect(await findS3Endpoint({ S3_TEST_ENDPOINT: server.url })).toMatchObject({ profile: "generic" });
    await server.close();
    expect(await findS3Endpoint({ S3_TEST_ENDPOINT: server.url })).toBeUndefined();
  });
});
