import type { UploadPartRecord, UploadRecord } from "@bucketferry/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyWayOf, WHOLE_BODY_BYTES } from "./copy-way.ts";
import { partPlan, partsOf, rangesBetweenParts } from "./part-plan.ts";
import { canBeUnanswered, isOfVersion, partsToKeep } from "./resume-upload.ts";

const MIB = 1024 ** 2;
const TIB = 1024 ** 4;
const S3 = { minPartBytes: 5 * MIB, maxPartBytes: 5 * 1024 * MIB, maxParts: 10_000, gaps: true };

describe("S21 the parts of an object", () => {
  it("are of one size that the service takes, and never more than it takes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 * TIB }),
        fc.option(fc.integer({ min: 1, max: 6_000 * MIB })),
        (size, wanted) => {
          const plan = partPlan(size, wanted ?? undefined, S3);
          if (plan === undefined) throw new Error("no plan");
          expect(plan.partSizeBytes).toBeGreaterThanOrEqual(S3.minPartBytes);
          expect(plan.partSizeBytes).toBeLessThanOrEqual(S3.maxPartBytes);
          expect(Math.ceil(size / plan.partSizeBytes)).toBeLessThanOrEqual(S3.maxParts);
        },
      ),
    );
  });

  it("are the size that is wanted, and larger only where their number demands it", () => {
    expect(partPlan(256 * MIB, undefined, S3)?.partSizeBytes).toBe(8 * MIB);
    expect(partPlan(256 * MIB, 64 * MIB, S3)?.partSizeBytes).toBe(64 * MIB);
    expect(partPlan(256 * MIB, 1, S3)?.partSizeBytes).toBe(5 * MIB);
    expect(partPlan(10_000 * 8 * MIB, undefined, S3)?.partSizeBytes).toBe(8 * MIB);
    expect(partPlan(10_000 * 8 * MIB + 1, undefined, S3)?.partSizeBytes).toBe(9 * MIB);
    expect(partPlan(5 * TIB, undefined, S3)?.partSizeBytes).toBe(525 * MIB);
  });

  it("S8 are read again in ranges that hold every byte once and begin where no part does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 2, max: 40 }), (sizeBytes, partSizeBytes) => {
        const plan = { sizeBytes, partSizeBytes };
        const ranges = [...rangesBetweenParts(plan)];
        let end = 0;
        for (const { offset, length } of ranges) {
          expect(offset).toBe(end);
          expect(length).toBeGreaterThan(0);
          end += length;
        }
        expect(end).toBe(sizeBytes);
        const begins = new Set([...partsOf(plan)].map(({ offset }) => offset));
        expect(ranges.slice(1).filter(({ offset }) => begins.has(offset))).toEqual([]);
      }),
    );
  });

  it("are not there for an object that no number of them can hold", () => {
    expect(partPlan(TIB, undefined, { ...S3, maxParts: 10 })).toBeUndefined();
  });

  it("cover the object without gap or overlap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 100 }), (sizeBytes, partSizeBytes) => {
        let end = 0;
        let number = 0;
        for (const { partNumber, offset, length } of partsOf({ sizeBytes, partSizeBytes })) {
          expect(partNumber).toBe(++number);
          expect(offset).toBe(end);
          expect(length).toBeGreaterThan(0);
          end = offset + length;
        }
        expect(end).toBe(sizeBytes);
      }),
    );
  });
});

describe("the way an object goes", () => {
  const ranges = { range: { bounded: true, suffix: true } };
  const noRanges = { range: { bounded: false, suffix: false } };
  it.each([
    [WHOLE_BODY_BYTES, ranges, S3, "whole"],
    [WHOLE_BODY_BYTES + 1, ranges, S3, "parts"],
    [WHOLE_BODY_BYTES + 1, noRanges, S3, "streamed"],
    [WHOLE_BODY_BYTES + 1, ranges, false, "streamed"],
  ] as const)("of %d bytes, from %j, to %j is %s", (size, source, multipart, way) => {
    expect(copyWayOf(size, source, { multipart })).toBe(way);
  });
});

describe("an upload on record", () => {
  const record: UploadRecord = {
    route: "r",
    key: "k",
    uploadId: "u",
    targetKey: "k",
    sourceEtag: "e",
    size: 30,
    partSizeBytes: 10,
    startedAt: 1_800_000_000_000,
  };
  it("S2 is of one version of the source, at one place", () => {
    expect(isOfVersion(record, { etag: "e", size: 30 }, "k")).toBe(true);
    expect(isOfVersion(record, { etag: "f", size: 30 }, "k")).toBe(false);
    expect(isOfVersion(record, { etag: "e", size: 31 }, "k")).toBe(false);
    expect(isOfVersion(record, { etag: "e", size: 30 }, "moved/k")).toBe(false);
    expect(isOfVersion({ ...record, uploadId: null }, { etag: "e", size: 30 }, "k")).toBe(false);
  });

  it("keeps the parts that are at the target as they were recorded, and no others", () => {
    const recorded: UploadPartRecord[] = [1, 2, 3].map((partNumber) => ({
      partNumber,
      etag: `e${partNumber}`,
      size: 10,
      digest: "h",
    }));
    const kept = partsToKeep(recorded, [
      { partNumber: 1, etag: "e1", size: 10 },
      { partNumber: 2, etag: "other", size: 10 },
      { partNumber: 3, etag: "e3", size: 9 },
      { partNumber: 4, etag: "e4", size: 10 },
    ]);
    expect([...kept.keys()]).toEqual([1]);
  });

  it("is gone on with by the ETags of its parts where the target does not say how long they are", () => {
    const recorded = [1, 2].map((partNumber) => ({ partNumber, etag: `e${partNumber}`, size: 10, digest: "d" }));
    const kept = partsToKeep(recorded, [
      { partNumber: 1, etag: "e1" },
      { partNumber: 2, etag: "other" },
    ]);
    expect([...kept.keys()]).toEqual([1]);
  });

  it("S25 without an id is the one that is under its key, has no parts and is not older", () => {
    const upload = { key: "k", uploadId: "x", startedAt: new Date(record.startedAt + 5) };
    expect(canBeUnanswered(record, upload, [])).toBe(true);
    expect(canBeUnanswered(record, { ...upload, key: "k2" }, [])).toBe(false);
    expect(canBeUnanswered(record, upload, [{ partNumber: 1, etag: "e", size: 1 }])).toBe(false);
    expect(canBeUnanswered(record, { ...upload, startedAt: new Date(record.startedAt - 16 * 60_000) }, [])).toBe(false);
  });
});
