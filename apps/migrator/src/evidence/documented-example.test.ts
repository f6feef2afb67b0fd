import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkEvidence } from "./check-evidence.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../../docs/evidence.md"), "utf8");
const blockOf = (language: string): string => PAGE.split(`\`\`\`${language}\n`)[1]?.split("```")[0] ?? "";

let directory: string;
let file: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bucketferry-example-"));
  file = join(directory, "example.jsonl");
  writeFileSync(file, blockOf("json lines"));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

it("the example in the documentation is a sound evidence file", async () => {
  const { signal } = new AbortController();
  const checked = await checkEvidence(file, { signal });
  expect(checked).toMatchObject({ lines: 5, summary: { objects: { proved: 1, skipped: 1 } } });
});

it("the documented program computes the root of the documented example", async () => {
  const program = join(directory, "root.py");
  writeFileSync(program, blockOf("python"));
  const python = spawnSync("python3", [program, file], { encoding: "utf8" });
  if (python.error !== undefined) {
    console.warn("SKIPPED: no python3 here, so the documented program was not run.");
    return;
  }
  const { root } = await checkEvidence(file, { signal: new AbortController().signal });
  expect(python.stdout.trim()).toBe(root);
});
