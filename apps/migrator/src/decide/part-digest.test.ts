import type { ChecksumAlgorithm } from "@bucketferry/storage-core";
import { expect, test } from "vitest";
import { partDigestFor } from "./part-digest.ts";

interface Case {
  readonly onPut: readonly ChecksumAlgorithm[];
  readonly digest: string;
  readonly like: string;
}

test.each<Case>([
  { onPut: ["md5", "sha256"], digest: "md5", like: "verifies both" },
  { onPut: ["md5"], digest: "md5", like: "verifies MD5" },
  { onPut: ["sha256", "crc32"], digest: "sha256", like: "verifies SHA-256 and no MD5" },
  { onPut: ["crc32"], digest: "md5", like: "verifies neither" },
  { onPut: [], digest: "md5", like: "verifies nothing" },
])("parts are known by their $digest at a target that $like", ({ onPut, digest }) => {
  expect(partDigestFor({ checksums: { onPut, reported: [] } })).toBe(digest);
});
