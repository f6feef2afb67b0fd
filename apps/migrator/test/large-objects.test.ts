import { createHash } from "node:crypto";
import type { FaultProxy } from "@bucketferry/local-servers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Stages } from "./in-process.ts";
import { openProxiedStages } from "./proxied-stages.ts";
import { content, type World } from "./world.ts";

const MIB = 1024 ** 2;
const PART = 5 * MIB;
/** Three parts, the last one short. */
const SIZE = 12_000_000;
const ONE = content(1, SIZE);
const TWO = content(2, SIZE);

// Bodies of megabytes through two proxies take their time on a machine that does other things as well.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
let stages: Stages;
let sourceProxy: FaultProxy;
let targetProxy: FaultProxy;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ world, stages, sourceProxy, targetProxy, close } = await openProxiedStages());
});
afterEach(() => close());

const source = () => world.route.source;
const target = () => world.route.target;
const copy = () => stages.copy({ partSizeBytes: PART });
const record = async (key: string) => (await stages.ledger.objects.find("audio", [key])).get(key);
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const partsSent = () => world.count("target", "UploadPart", 200);

async function isCopied(key: string, bytes: Uint8Array): Promise<void> {
  expect(Buffer.from(await (await target().get(key)).bytes()).equals(bytes)).toBe(true);
  expect(await record(key)).toMatchObject({ state: "copied", sha256: sha256(bytes), size: bytes.byteLength });
}

async function nothingIsLeft(): Promise<void> {
  expect(await Array.fromAsync(target().multipart.list())).toEqual([]);
  expect(await Array.fromAsync(stages.ledger.uploads.walk("audio"))).toEqual([]);
}

async function planned(...objects: (readonly [string, Uint8Array])[]): Promise<void> {
  for (const [key, bytes] of objects)
    await source().put(key, bytes, { contentType: "audio/wav", metadata: { take: "3" } });
  await stages.plan();
}

describe("a large object", () => {
  it("S6 goes in parts that the target verifies; its ETag is no MD5 and is never taken for one", async () => {
    const bytes = ONE;
    await planned(["large", bytes]);
    expect(await copy()).toMatchObject({ copied: 1, failed: 0, md5Unproved: 0 });
    await isCopied("large", bytes);
    expect(partsSent()).toBe(3);
    expect(await record("large")).toMatchObject({ evidence: "put-checksum", targetEtag: expect.stringMatching(/-3$/) });
    expect((await target().head("large")).metadata).toEqual({ take: "3" });
    await nothingIsLeft();
    expect(await stages.verify("deep")).toMatchObject({ verified: 1 });
    await stages.plan();
    expect(await copy()).toMatchObject({ copied: 0, adopted: 0 });
  });

  it("whose completion meets another write, however often it is asked for, is sent anew", async () => {
    await planned(["large", ONE]);
    targetProxy.faults.inject({
      match: { method: "POST", path: "large", query: "uploadId" },
      times: 3,
      fault: { kind: "answer", status: 409, body: "<Error><Code>ConditionalRequestConflict</Code></Error>" },
    });
    expect(await copy()).toMatchObject({ copied: 1, failed: 0 });
    expect(partsSent()).toBe(6);
    await isCopied("large", ONE);
    await nothingIsLeft();
  });

  it("S1 S2 whose source changes between two parts is read again as a whole, and no upload of the old one is left", async () => {
    await planned(["large", ONE]);
    let opened = 0;
    stages.afterOpen = async () => {
      if (++opened === 1) await source().put("large", TWO);
    };
    expect(await copy()).toMatchObject({ copied: 1, failed: 0, changedUnderCopy: 1 });
    await isCopied("large", TWO);
    await nothingIsLeft();
  });

  it("S2 whose answer to one part names another version is not put together out of two", async () => {
    const bytes = ONE;
    await planned(["large", bytes]);
    sourceProxy.faults.inject({
      match: { method: "GET", path: "large" },
      after: 1,
      times: 1,
      fault: { kind: "rewrite", headers: { etag: '"0123456789abcdef0123456789abcdef"' } },
    });
    expect(await copy()).toMatchObject({ copied: 1, changedUnderCopy: 1 });
    await isCopied("large", bytes);
    await nothingIsLeft();
  });

  it.each(["cut", "clean"] as const)(
    "S10 whose part ends early (%s) never leaves a short or shifted copy",
    async (end) => {
      const bytes = ONE;
      await planned(["large", bytes]);
      sourceProxy.faults.inject({
        match: { method: "GET", path: "large" },
        after: 1,
        times: 2,
        fault: { kind: "truncate", afterBytes: 1_000_000, end },
      });
      expect(await copy()).toMatchObject({ copied: 1, failed: 0 });
      await isCopied("large", bytes);
      await nothingIsLeft();
    },
  );

  it("S10 whose part comes with bytes too many is read again", async () => {
    const bytes = ONE;
    await planned(["large", bytes]);
    sourceProxy.faults.inject({
      match: { method: "GET", path: "large" },
      times: 1,
      fault: { kind: "extraBytes", count: 7 },
    });
    expect(await copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
  });

  it("S8 whose bytes are altered on the way from the source is found out by the source's MD5, and nothing is left of it", async () => {
    // In one request, so that its ETag is an MD5.
    await source().put("large", ONE, { partSizeBytes: 16 * MIB });
    await planned(["a-small", content(5, 10)]);
    sourceProxy.faults.inject({
      match: { method: "GET", path: "large" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "flipBit", atByte: 5 },
    });
    expect(await stages.copy({ partSizeBytes: PART, concurrency: 1 })).toMatchObject({ copied: 1, failed: 1 });
    expect(await record("large")).toMatchObject({ state: "failed", errorCode: "ChecksumMismatch" });
    expect(await target().exists("large")).toBe(false);
    await nothingIsLeft();
  });

  it("whose part is altered on the way to the target is refused there, and that part is sent again", async () => {
    const bytes = ONE;
    await planned(["large", bytes]);
    targetProxy.faults.inject({
      match: { method: "PUT", query: "partNumber=2" },
      times: 1,
      fault: { kind: "flipRequestBit", atByte: 70_000 },
    });
    expect(await copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
    await nothingIsLeft();
  });
});

describe("the end of an upload", () => {
  it.each([
    ["S11 an error document with status 200", { kind: "rewrite", status: 200, body: errorDocument("InternalError") }],
    ["a lost answer", { kind: "reset", when: "afterRequest" }],
  ] as const)(
    "%s, after which the target has put the object together, is looked into and not believed",
    async (_, fault) => {
      const bytes = ONE;
      await planned(["large", bytes]);
      targetProxy.faults.inject({ match: { method: "POST", query: "uploadId" }, times: 1, fault });
      expect(await copy()).toMatchObject({ failed: 0, complete: true });
      await isCopied("large", bytes);
      await nothingIsLeft();
    },
  );

  it("S11 an error document with status 200 and no object is no success", async () => {
    const bytes = ONE;
    await planned(["large", bytes]);
    targetProxy.faults.inject({
      match: { method: "POST", query: "uploadId" },
      times: 1,
      fault: { kind: "answer", status: 200, body: errorDocument("SlowDown") },
    });
    expect(await copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
    expect(partsSent()).toBe(3);
    await nothingIsLeft();
  });

  it("keeps what somebody else has put there meanwhile", async () => {
    await planned(["large", ONE]);
    stages.afterOpen = async () => void (await target().put("large", "another file"));
    expect(await copy()).toMatchObject({ copied: 0, failed: 1 });
    expect(await record("large")).toMatchObject({ state: "failed", errorCode: "TargetOccupied" });
    expect(await (await target().get("large")).text()).toBe("another file");
    await nothingIsLeft();
  });
});

describe("S25 an upload that is not completed", () => {
  it("is ended when its object is given up", async () => {
    await planned(["large", ONE]);
    targetProxy.faults.inject({
      match: { method: "PUT", query: "partNumber=3" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "answer", status: 403, body: errorDocument("AccessDenied") },
    });
    expect(await copy()).toMatchObject({ copied: 0, failed: 1, sweptUploads: 1 });
    await nothingIsLeft();
  });

  it("is found and ended when the answer that names it is lost", async () => {
    const bytes = ONE;
    await planned(["large", bytes]);
    targetProxy.faults.inject({
      match: { method: "POST", query: "uploads" },
      times: 1,
      fault: { kind: "reset", when: "afterRequest" },
    });
    expect(await copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
    expect(world.count("target", "CreateMultipartUpload", 200)).toBe(2);
    await nothingIsLeft();
  });

  it("of somebody else, under a key of ours, is told of and left alone", async () => {
    const bytes = ONE;
    await planned(["large", bytes], ["small", content(2, 10)]);
    const theirs = await target().multipart.create("large");
    await target().multipart.uploadPart(theirs, 1, "their first part");
    const elsewhere = await target().multipart.create("not-of-this-route");
    expect(await copy()).toMatchObject({ copied: 2, sweptUploads: 0 });
    await isCopied("large", bytes);
    const left = await Array.fromAsync(target().multipart.list());
    expect(left.map(({ uploadId }) => uploadId).sort()).toEqual([theirs.uploadId, elsewhere.uploadId].sort());
    expect(stages.events).toContainEqual(
      expect.objectContaining({ type: "warning", code: "ForeignUploads", message: expect.stringContaining("(large)") }),
    );
  });
});

describe("going on with an upload", () => {
  /** As a process leaves it that was killed after its first part: on record and at the target. */
  async function begun(bytes: Uint8Array, part: Uint8Array, digest = md5(part)): Promise<void> {
    await planned(["large", bytes]);
    const { etag } = await source().head("large");
    const { uploadId } = await target().multipart.create("large");
    const upload = { route: "audio", key: "large", uploadId, targetKey: "large", sourceEtag: etag, size: SIZE };
    await stages.ledger.uploads.start({ ...upload, partSizeBytes: PART, startedAt: Date.now() });
    const sent = await target().multipart.uploadPart({ key: "large", uploadId }, 1, part);
    await stages.ledger.uploads.addPart("audio", "large", { ...sent, digest });
    world.seen.target.length = 0;
  }

  it("sends only what the target does not have, and knows the hash of the whole", async () => {
    const bytes = ONE;
    await begun(bytes, bytes.subarray(0, PART));
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
    expect(partsSent()).toBe(2);
    await nothingIsLeft();
  });

  it("sends a part again whose recorded hash is not that of the source's bytes, though size and ETag fit", async () => {
    const bytes = ONE;
    await begun(bytes, content(9, PART));
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
    expect(partsSent()).toBe(3);
  });

  it("sends a part again that somebody has replaced at the target", async () => {
    const bytes = ONE;
    await begun(bytes, bytes.subarray(0, PART));
    const [upload] = await Array.fromAsync(target().multipart.list());
    if (upload === undefined) throw new Error("no upload");
    await target().multipart.uploadPart(upload, 1, content(9, PART));
    world.seen.target.length = 0;
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
    expect(partsSent()).toBe(3);
  });

  it("S2 ends it and begins again when the source has another version now", async () => {
    await begun(ONE, ONE.subarray(0, PART));
    await source().put("large", TWO);
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", TWO);
    expect(world.count("target", "AbortMultipartUpload")).toBe(1);
    await nothingIsLeft();
  });

  it("begins again when the target has ended it", async () => {
    const bytes = ONE;
    await begun(bytes, bytes.subarray(0, PART));
    for await (const upload of target().multipart.list()) await target().multipart.abort(upload);
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
    await isCopied("large", bytes);
    await nothingIsLeft();
  });

  it("ends it when the object is no longer to be copied", async () => {
    const bytes = ONE;
    await begun(bytes, bytes.subarray(0, PART));
    await source().delete("large");
    await stages.plan();
    expect(await stages.copy()).toMatchObject({ copied: 0, sweptUploads: 1 });
    await nothingIsLeft();
  });
});

function errorDocument(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>m</Message></Error>`;
}
