import { selectionOf } from "@bucketferry/config";
import { emptyFacts, type ObjectRecord, type StateCount } from "@bucketferry/ledger";
import { keyGlob, STORAGE_ERROR_CODES, type Capabilities, type StorageErrorCode } from "@bucketferry/storage-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carryHeaders } from "./carry-headers.ts";
import { compareCopies, looksLikeMd5 } from "./compare-copies.ts";
import { actionFor, type FailureAction, type Side } from "./failure.ts";
import { gateOf } from "./gate.ts";
import { judgeMd5, learnMd5, NO_MD5_SEEN } from "./md5-trust.ts";
import { backoffMs } from "./object-attempts.ts";
import { isFolderPlaceholder, obstacleOf, type ObstacleInput, type ObstacleRules } from "./obstacle.ts";
import { extendStreak, judgeStreak, NO_STREAK } from "./outage.ts";
import { proveReference } from "./prove-object.ts";
import { putModeOf } from "./put-condition.ts";

const record = (facts: Partial<ObjectRecord> = {}): ObjectRecord => ({
  ...emptyFacts(),
  route: "r",
  key: "k",
  targetKey: "k",
  updatedAt: 0,
  state: "copied",
  size: 10,
  targetSize: 10,
  targetEtag: "t1",
  ...facts,
});

describe("a failure", () => {
  const TABLE: readonly (readonly [Side, StorageErrorCode, FailureAction])[] = [
    ["source", "NotFound", "vanished"],
    ["target", "NotFound", "give-up"],
    ["source", "PreconditionFailed", "again"],
    ["target", "PreconditionFailed", "compare"],
    ["target", "AlreadyExists", "compare"],
    ["source", "Unauthenticated", "pause"],
    ["target", "Unauthenticated", "pause"],
    ["source", "PermissionDenied", "give-up"],
    ["source", "BucketNotFound", "stop"],
    ["target", "QuotaExceeded", "stop"],
    ["source", "RateLimited", "again"],
    ["target", "Unavailable", "again"],
    ["source", "IncompleteBody", "again"],
    ["target", "ChecksumMismatch", "again"],
    ["target", "TooLarge", "give-up"],
    ["target", "InvalidKey", "give-up"],
    ["source", "Aborted", "interrupted"],
  ];
  it.each(TABLE)("S12 S13 S15 at the %s, %s: %s", (side, code, action) => {
    expect(actionFor(side, { code, persistence: "permanent" })).toBe(action);
  });

  it("is never taken for an absence unless the source says NotFound", () => {
    for (const code of STORAGE_ERROR_CODES) {
      const vanished = actionFor("source", { code, persistence: "permanent" }) === "vanished";
      expect(vanished).toBe(code === "NotFound");
      expect(actionFor("target", { code, persistence: "temporary" })).not.toBe("vanished");
    }
  });

  it("that nobody has a name for is tried again only when its adapter says that it may help", () => {
    expect(actionFor("source", { code: "Unknown", persistence: "exhausted" })).toBe("again");
    expect(actionFor("source", { code: "Unknown", persistence: "permanent" })).toBe("give-up");
  });
});

describe("object after object failing alike", () => {
  const failures = (code: StorageErrorCode, count: number) => {
    let streak = NO_STREAK;
    for (let i = 0; i < count; i++) streak = extendStreak(streak, "target", code);
    return judgeStreak(streak, 8);
  };
  it("S12 pauses when the service is away", () => {
    expect(failures("Unavailable", 7)).toBe("go-on");
    expect(failures("Unavailable", 8)).toBe("pause");
  });
  it("stops when the service refuses everything", () => {
    expect(failures("PermissionDenied", 19)).toBe("go-on");
    expect(failures("PermissionDenied", 20)).toBe("stop");
  });
  it("goes on when the objects themselves are the trouble", () => {
    expect(failures("TooLarge", 1000)).toBe("go-on");
  });
  it("counts anew when side or code change", () => {
    const one = extendStreak(extendStreak(NO_STREAK, "source", "Timeout"), "source", "Timeout");
    expect(extendStreak(one, "target", "Timeout").length).toBe(1);
    expect(extendStreak(one, "source", "Unavailable").length).toBe(1);
  });
});

it("L12 waits longer from attempt to attempt, never longer than half a minute, and never less than asked", () => {
  expect([2, 3, 4, 20].map((attempt) => backoffMs(attempt, undefined, 1))).toEqual([500, 1000, 2000, 30_000]);
  expect(backoffMs(2, 7_000, 0)).toBe(7_000);
});

describe("two copies", () => {
  const sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const md5 = "d41d8cd98f00b204e9800998ecf8427e";
  const ours = { size: 0, sha256, md5 };
  const base64 = Buffer.from(sha256, "hex").toString("base64");
  it.each([
    ["of other sizes are different", { size: 1, etag: md5 }, "different"],
    ["with one SHA-256 are equal", { size: 0, etag: "x", checksums: { sha256: base64 } }, "equal"],
    [
      "with another SHA-256 are different, whatever the ETag",
      { size: 0, etag: md5, checksums: { sha256: "AAAA" } },
      "different",
    ],
    [
      "with a checksum of checksums are not compared by it",
      { size: 0, etag: "x-2", checksums: { sha256: "AAAA", type: "composite" } },
      "unknown",
    ],
    ["with an ETag that is our MD5 are equal", { size: 0, etag: md5.toUpperCase() }, "equal"],
    [
      "S6 with an ETag that looks like another MD5 are unknown: it may be none",
      { size: 0, etag: "0".repeat(32) },
      "unknown",
    ],
    ["S6 with an ETag of parts are unknown", { size: 0, etag: `${md5}-2` }, "unknown"],
  ] as const)("%s", (_, theirs, verdict) => {
    expect(compareCopies(ours, theirs).verdict).toBe(verdict);
  });
  it("S6 are not compared by an ETag of parts", () => {
    expect(looksLikeMd5(`${md5}-1`)).toBe(false);
    expect(looksLikeMd5(md5)).toBe(true);
  });
});

describe("an ETag beside the MD5 of the bytes", () => {
  it("S8 accuses the way only where this source's ETags were MD5s before", () => {
    expect(judgeMd5(NO_MD5_SEEN, "aa", "bb")).toBe("unproved");
    const trusted = learnMd5(NO_MD5_SEEN, judgeMd5(NO_MD5_SEEN, "AA", "aa"));
    expect(judgeMd5(trusted, "aa", "bb")).toBe("altered");
    expect(judgeMd5(trusted, "bb", "bb")).toBe("match");
  });
});

describe("headers and metadata", () => {
  const target: Pick<Capabilities, "systemHeaders" | "metadata"> = {
    systemHeaders: {
      contentType: true,
      cacheControl: true,
      contentDisposition: false,
      contentEncoding: false,
      contentLanguage: true,
    },
    metadata: { maxBytes: 20, keyCharset: "[a-z0-9-]", values: "ascii" },
  };
  it("S22 S23 are carried where the target holds them, and recorded where it does not", () => {
    const carried = carryHeaders(
      { contentType: "audio/mpeg", contentEncoding: "gzip", metadata: { owner: "me", ü: "x", city: "Köln" } },
      target,
    );
    expect(carried).toEqual({
      headers: { contentType: "audio/mpeg" },
      metadata: { owner: "me" },
      notCarried: { headers: { contentEncoding: "gzip" }, metadata: { ü: "x", city: "Köln" } },
    });
  });
  it("S22 that are too large stay behind as a whole: half of them would look complete", () => {
    const metadata = { a: "1234567890", b: "1234567890" };
    expect(carryHeaders({ metadata }, target)).toEqual({ headers: {}, metadata: undefined, notCarried: { metadata } });
  });
  it("nothing is lost: every name is carried or recorded, with its value", () => {
    const names = fc.stringMatching(/^[a-zü_-]{1,5}$/);
    fc.assert(
      fc.property(fc.dictionary(names, fc.string({ maxLength: 6 })), (metadata) => {
        const { metadata: kept = {}, notCarried } = carryHeaders({ metadata }, target);
        expect({ ...kept, ...notCarried?.metadata }).toEqual({ ...metadata });
      }),
    );
  });
});

describe("how an object is put", () => {
  const able = { create: true, replace: true };
  const unable = { create: false, replace: false };
  it.each([
    ["missing", able, { mode: "create", ifNoneMatch: "*" }],
    ["target-lost", able, { mode: "create", ifNoneMatch: "*" }],
    ["source-changed", able, { mode: "replace", ifMatch: "t1" }],
    ["target-damaged", able, { mode: "replace", ifMatch: "t1" }],
    ["unknown-at-target", able, { mode: "compare" }],
    ["target-changed", able, { mode: "compare" }],
    ["overwrite", able, { mode: "overwrite" }],
    ["a reason of a later version", able, { mode: "compare" }],
    ["missing", unable, { mode: "create", ifNoneMatch: undefined }],
    ["source-changed", unable, { mode: "replace", ifMatch: undefined }],
  ])("%s, with conditions %j", (reason, conditions, mode) => {
    expect(putModeOf(record({ reason }), conditions)).toEqual(mode);
  });
});

describe("an obstacle", () => {
  const keys = {
    maxBytes: 30,
    maxSegmentBytes: 30,
    charset: undefined,
    dotSegments: false,
    leadingSlash: true,
    trailingSlash: true,
    doubleSlash: true,
    caseSensitive: true,
    unicodeForms: "distinct" as const,
    objectBesideFolder: false,
    reserved: undefined,
  };
  const systemHeaders = {
    contentType: true,
    cacheControl: false,
    contentDisposition: true,
    contentEncoding: true,
    contentLanguage: true,
  };
  const metadata = { maxBytes: 20, keyCharset: "[a-z]", values: "ascii" } as const;
  const rules: ObstacleRules = {
    target: { keys, maxObjectBytes: 100, systemHeaders, metadata },
    selection: undefined,
    placeholders: "skip",
    archived: "skip",
    metadata: "keep-in-ledger",
  };
  const obstacle = (
    source: Partial<ObstacleInput["source"]> & { readonly key: string },
    change: Partial<ObstacleRules> = {},
    folder?: string,
  ) =>
    obstacleOf(
      { source: { size: 1, ...source }, targetKey: source.key, isNamed: true, folderOf: () => folder },
      { ...rules, ...change },
    );
  const of = (key: string, size = 1, folder?: string) => obstacle({ key, size }, {}, folder)?.action;

  it("S18 is an empty folder placeholder; a file of that name is a file", () => {
    expect(of("a/.emptyFolderPlaceholder", 0)).toBe("skip");
    expect(of("a/", 0)).toBe("skip");
    expect(of("a/.emptyFolderPlaceholder", 1)).toBeUndefined();
    expect(isFolderPlaceholder({ key: "a/x.emptyFolderPlaceholder", size: 0 })).toBe(false);
    expect(obstacle({ key: "a/", size: 0 }, { placeholders: "keep" })).toBeUndefined();
  });
  it("S19 is a key that the target cannot take, S21 a size, and an object beside a folder of its name", () => {
    expect(of("a/../b")).toBe("refuse");
    expect(of("a".repeat(31))).toBe("refuse");
    expect(of("a", 101)).toBe("refuse");
    expect(of("a/b", 1, "a")).toBe("refuse");
    expect(of("a/b")).toBeUndefined();
  });
  it("S28 is an archive, unless somebody restored what is in it", () => {
    expect(obstacle({ key: "a", archived: "GLACIER" })).toEqual({ action: "skip", reason: "archived" });
    expect(obstacle({ key: "a", archived: "GLACIER" }, { archived: "copy" })).toBeUndefined();
  });
  it("S22 is a header that the target cannot hold, where nothing may be left behind and the listing shows it", () => {
    const listed = { key: "a", contentType: "audio/mpeg", cacheControl: "no-cache" };
    expect(obstacle(listed)).toBeUndefined();
    expect(obstacle(listed, { metadata: "fail" })).toEqual({
      action: "refuse",
      reason: "metadata-not-carried",
      message: "The target cannot hold cacheControl as the source has it.",
    });
    expect(obstacle({ key: "a", contentType: "audio/mpeg" }, { metadata: "fail" })).toBeUndefined();
  });
  it("S17 is what a selection leaves out; that comes before anything the target would refuse", () => {
    const selection = selectionOf({ include: [keyGlob("img/**")] }, {});
    expect(obstacle({ key: "img/../a", size: 200 }, { selection })?.action).toBe("refuse");
    expect(obstacle({ key: "img2/../a", size: 200 }, { selection })).toEqual({
      action: "skip",
      reason: "not-included",
    });
  });
});

describe("a gate", () => {
  const counts = (states: Partial<Record<StateCount["state"], number>>): StateCount[] =>
    Object.entries(states).map(([state, objects]) => ({
      route: "r",
      state: state as StateCount["state"],
      objects,
      bytes: 0,
    }));
  it.each([
    ["copy", {}, false, false],
    ["copy", { planned: 1 }, false, true],
    ["verify", { planned: 1, copied: 5 }, false, false],
    ["verify", { failed: 1, copied: 5 }, false, false],
    ["verify", { planned: 1, copied: 5 }, true, true],
    ["rewrite", { copied: 1, verified: 5 }, false, false],
    ["rewrite", { verified: 5, skipped: 2, vanished: 1 }, false, true],
    ["rewrite", { failed: 1, verified: 5 }, true, true],
    ["rewrite", {}, true, false],
    ["prove", { planned: 1 }, false, false],
  ] as const)("before %s with %j (allow partial: %s) is open: %s", (stage, states, allowPartial, open) => {
    expect(gateOf(stage, counts(states), allowPartial).open).toBe(open);
  });

  it.each([
    ["verify", true],
    ["rewrite", false],
    ["prove", false],
  ] as const)(
    "S28 before %s with archived objects is open: %s; objects that somebody left out are explained",
    (stage, open) => {
      const all = [
        { state: "verified", objects: 5 },
        { state: "skipped", reason: "excluded", objects: 7 },
        { state: "skipped", reason: "archived", objects: 2 },
      ] as const;
      const verdict = gateOf(stage, all, false);
      expect(verdict).toEqual({ open, reasons: open ? [] : ["2 objects archived at the source"] });
      expect(gateOf(stage, all.slice(0, 2), false).open).toBe(true);
    },
  );
});

describe("a reference", () => {
  it.each([
    [{ side: "source", object: { state: "verified", targetSize: 1 }, answer: undefined }, "still-at-source"],
    [{ side: "target", object: undefined, answer: undefined }, "unknown-object"],
    [{ side: "target", object: { state: "copied", targetSize: 1 }, answer: undefined }, "not-verified"],
    [
      { side: "target", object: { state: "verified", targetSize: 1 }, answer: { ok: false, size: undefined } },
      "unreachable",
    ],
    [{ side: "target", object: { state: "verified", targetSize: 1 }, answer: { ok: true, size: 2 } }, "wrong-size"],
    [{ side: "target", object: { state: "verified", targetSize: 1 }, answer: { ok: true, size: 1 } }, "proved"],
    [{ side: "target", object: { state: "verified", targetSize: 1 }, answer: undefined }, "proved"],
  ] as const)("%j is %s", (facts, proof) => {
    expect(proveReference(facts)).toBe(proof);
  });
});
