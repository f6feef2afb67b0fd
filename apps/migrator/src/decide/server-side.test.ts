import { memory } from "@bucketferry/storage-core/memory";
import { expect, it } from "vitest";
import { goesServerSide, reportedDigests, SERVER_SIDE_BYTES, serverSideSource } from "./server-side.ts";

const SERVICE = { serverSideCopy: { maxBytes: 10 * SERVER_SIDE_BYTES, crossBucket: true } };
const WITHIN = { bucket: "old", wholeKey: (key: string) => key };
const size = SERVER_SIDE_BYTES;

it.each([
  ["a SHA-256 of the whole", { sha256: "AAAA", type: "full" }, true],
  ["an MD5", { md5: "0".repeat(32), type: "full" }, true],
  ["a SHA-256 of its parts' (S6)", { sha256: "AAAA-2", type: "composite" }, false],
  ["a CRC only, which other bytes can have too", { crc32: "AAAA", type: "full" }, false],
  ["nothing", undefined, false],
] as const)("an object of which the source reports %s may go server-side: %o → %s", (_, checksums, goes) => {
  expect(goesServerSide({ size, checksums }, SERVICE)).toBe(goes);
});

it("small objects, and those above what one copy takes, do not go server-side", () => {
  const checksums = { sha256: "AAAA", type: "full" } as const;
  expect(goesServerSide({ size: SERVER_SIDE_BYTES - 1, checksums }, SERVICE)).toBe(false);
  expect(goesServerSide({ size: 10 * SERVER_SIDE_BYTES, checksums }, SERVICE)).toBe(true);
  expect(goesServerSide({ size: 10 * SERVER_SIDE_BYTES + 1, checksums }, SERVICE)).toBe(false);
});

it("a reported SHA-256 is said in hex, as the ledger has it", () => {
  const sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  expect(reportedDigests({ size: 0, checksums: { sha256, type: "full" } })?.sha256).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});

it.each([
  ["auto, two buckets of a service that copies between them", "auto", "new", { remote: true, crossBucket: true }, true],
  ["auto, one bucket of a service that copies within one", "auto", "old", { remote: true, crossBucket: false }, true],
  ["auto, two buckets of that", "auto", "new", { remote: true, crossBucket: false }, false],
  ["auto, without a network in between", "auto", "new", { remote: false, crossBucket: true }, false],
  ["never", "never", "new", { remote: true, crossBucket: true }, false],
] as const)("with %s", (_, policy, bucket, { remote, crossBucket }, may) => {
  const capabilities = { remote, serverSideCopy: { maxBytes: 10, crossBucket } };
  const route = {
    source: memory({ bucket: "old" }),
    target: memory({ bucket, capabilities }),
    sourceWithinTarget: WITHIN,
  };
  expect(serverSideSource(route, policy)).toBe(may ? WITHIN : undefined);
  expect(serverSideSource({ ...route, sourceWithinTarget: undefined }, policy)).toBeUndefined();
});
