import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkEvidence } from "./check-evidence.ts";
import { EvidenceError } from "./evidence-error.ts";
import { evidenceFile, type WrittenEvidence } from "./evidence-file.ts";
import { EVIDENCE_FORMAT, type EvidenceLine, type EvidenceObject } from "./evidence-lines.ts";
import { isIncluded } from "./merkle-tree.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bucketferry-evidence-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const { signal } = new AbortController();

const object = (key: string, change: Partial<EvidenceObject> = {}): EvidenceObject => ({
  type: "object",
  route: "audio",
  key,
  targetKey: key,
  size: key.length,
  sha256: createHash("sha256").update(key).digest("hex"),
  sourceEtag: null,
  targetEtag: "e1",
  verifiedAt: "2026-01-02T03:04:05.000Z",
  evidence: "put-checksum",
  isSourceMd5: null,
  proof: "proved",
  ...change,
});

const header: EvidenceLine = {
  type: "header",
  format: EVIDENCE_FORMAT,
  tool: "bucketferry 0.0.0",
  createdAt: "2026-01-02T03:04:00.000Z",
  fingerprint: "0123456789ab",
  deep: false,
  routes: [
    { name: "audio", source: "supabase a", target: "s3 b" },
    { name: "images", source: "supabase c", target: "s3 d" },
  ],
  limits: ["a limit"],
};

function summary(proved: number): EvidenceLine {
  return {
    type: "summary",
    finishedAt: "2026-01-02T03:05:00.000Z",
    objects: { proved },
    references: {},
    problems: 0,
  };
}

async function written(name: string, lines: readonly EvidenceLine[]): Promise<WrittenEvidence> {
  const file = await evidenceFile(join(directory, name));
  for (const line of lines) {
    file.add(line);
    await file.drained();
  }
  return file.finish();
}

const some = (count: number): EvidenceLine[] => [
  header,
  ...Array.from({ length: count }, (_, i) => object(`lectures/${String(i).padStart(6, "0")} ü.mp3`)),
  summary(count),
];

describe("an evidence file", () => {
  it("is checked from its bytes alone, and its digests are those of the tools that everybody has", async () => {
    const { file, sha256, root, lines } = await written("whole.jsonl", some(100));
    const bytes = readFileSync(file);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
    expect(readFileSync(`${file}.sha256`, "utf8")).toBe(`${sha256}  whole.jsonl\n`);
    expect(bytes.toString("utf8").trimEnd().split("\n")).toHaveLength(lines);
    expect(await checkEvidence(file, { signal })).toMatchObject({
      root,
      sha256,
      lines: 103,
      header: { format: "bucketferry-evidence/1" },
      summary: { objects: { proved: 100 } },
    });
  });

  it("has its name only when it is whole, and leaves nothing behind when it is given up", async () => {
    const path = join(directory, "given-up.jsonl");
    const file = await evidenceFile(path);
    file.add(header);
    expect(existsSync(path)).toBe(false);
    await file.discard();
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  it("proves for one object that it is included, with a few hashes", async () => {
    const { file, root } = await written("inclusion.jsonl", some(1_000));
    const { found, matches } = await checkEvidence(file, {
      signal,
      wanted: ({ key }) => key === "lectures/000617 ü.mp3",
    });
    expect(matches).toBe(1);
    expect(found).toMatchObject({ leafIndex: 618, treeSize: 1_002 });
    expect(found?.path.length).toBeLessThanOrEqual(10);
    expect(found?.root.toString("hex")).toBe(root);
    expect(found !== undefined && isIncluded(found)).toBe(true);
  });

  it.each([
    ["objects out of order", [header, object("b"), object("a"), summary(2)], 3],
    ["an object twice", [header, object("a"), object("a"), summary(2)], 3],
    ["routes out of order", [header, object("a", { route: "images" }), object("a"), summary(2)], 3],
    ["a route that nobody named", [header, object("a", { route: "videos" }), summary(1)], 2],
    ["counts that are not right", [header, object("a"), summary(2)], 3],
    ["an object behind the summary", [header, summary(0), object("a")], 3],
    ["no header", [object("a"), summary(1)], 1],
    ["no summary", [header, object("a")], 3],
    ["a hash that is none", [header, object("a", { sha256: "AA" }), summary(1)], 2],
  ] as const)("with %s is refused, sealed or not, and the line is said", async (name, lines, line) => {
    const { file } = await written(`${name.replaceAll(" ", "-")}.jsonl`, lines);
    await expect(checkEvidence(file, { signal })).rejects.toMatchObject({ name: "EvidenceError", line });
  });
});

describe("an evidence file that somebody changed", () => {
  const problemIn = async (bytes: Buffer): Promise<EvidenceError> => {
    const path = join(directory, "changed.jsonl");
    writeFileSync(path, bytes);
    try {
      await checkEvidence(path, { signal });
    } catch (error) {
      if (error instanceof EvidenceError) return error;
      throw error;
    }
    throw new Error("nobody noticed");
  };

  it("in any byte is refused, and the line is said", async () => {
    const { file } = await written("original.jsonl", some(2));
    const original = readFileSync(file);
    let line = 1;
    for (let i = 0; i < original.length; i++) {
      const bytes = Buffer.from(original);
      bytes[i] = (bytes[i] ?? 0) ^ (1 << (i % 8));
      expect({ byte: i, line: (await problemIn(bytes)).line }).toEqual({ byte: i, line });
      if (original[i] === 0x0a) line++;
    }
  });

  it("by taking lines away, adding, doubling or exchanging them is refused", async () => {
    const { file } = await written("lines.jsonl", some(6));
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const without = (i: number): string[] => lines.toSpliced(i, 1);
    for (let i = 0; i < lines.length; i++) {
      const changes = [without(i), lines.toSpliced(i, 0, lines[i] ?? ""), [...without(i), lines[i] ?? ""]];
      for (const change of changes) {
        if (change.join() === lines.join()) continue;
        expect(await problemIn(Buffer.from(`${change.join("\n")}\n`))).toBeInstanceOf(EvidenceError);
      }
    }
    expect(await problemIn(Buffer.from(`${lines.join("\n")}\n{}\n`))).toMatchObject({ line: lines.length + 1 });
  });

  it("by cutting it anywhere is refused", async () => {
    const { file } = await written("cut.jsonl", some(3));
    const original = readFileSync(file);
    for (let length = 0; length < original.length; length += 5) {
      expect(await problemIn(original.subarray(0, length))).toBeInstanceOf(EvidenceError);
    }
  });

  it("without an end of a line is not read into memory", async () => {
    expect(await problemIn(Buffer.alloc(3_000_000, 0x20))).toMatchObject({ line: 1 });
  });
});
