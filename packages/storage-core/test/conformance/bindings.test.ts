import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test, type TaskMeta } from "vitest";
import { conformanceTests } from "../../src/conformance/bind-vitest.ts";
import { memoryHarness } from "./memory-harness.ts";

let printed = "";

conformanceTests(async () => memoryHarness({ name: "bound", capabilities: { versions: false } }), {
  title: "bound",
  only: ["A01", "E11", "E13"],
  onReport: (text) => {
    printed = text;
  },
});

test("the Vitest binding makes one test per case, and leaves its result in the test's meta", ({ task }) => {
  const metas = new Map<string, TaskMeta["conformance"]>();
  for (const suite of task.file.tasks) {
    for (const one of suite.type === "suite" ? suite.tasks : []) metas.set(one.name.slice(0, 3), one.meta.conformance);
  }
  expect(metas.get("A01")).toEqual({ adapter: "bound", id: "A01", level: "core", outcome: "passed" });
  expect(metas.get("E11")?.outcome).toBe("inapplicable");
  expect(metas.get("E13")).toMatchObject({ level: "extended", outcome: "refused", reason: "versions" });
  expect(printed).toContain("Storage contract: bound: kept");
});

test("the node:test binding runs the same cases, and a broken provider fails them", async () => {
  const good = await nodeTest("good");
  expect(good).toMatchObject({ code: 0 });
  expect(good.output).toMatch(/ok \d+ - A01 /);
  expect(good.output).toMatch(/ok \d+ - E13 .*|# skipped 1/);
  const broken = await nodeTest("broken");
  expect(broken.code).toBe(1);
  expect(broken.output).toMatch(/not ok \d+ - A01 /);
});

test("without a harness every case has failed, and says why", async () => {
  const { code, output } = await nodeTest("unmade");
  expect(code).toBe(1);
  expect(output.match(/not ok \d+ - (?:A01|A02|E11) /g)).toHaveLength(3);
  expect(output.match(/the harness was not made: Error.*the bucket cannot be made/g)?.length).toBeGreaterThanOrEqual(3);
});

async function nodeTest(which: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const fixture = fileURLToPath(new URL("node-test-fixture.ts", import.meta.url));
  const args = ["--conditions=@bucketferry/source", "--test-reporter=tap", fixture, which];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output };
}
