import { expect, test } from "vitest";
import type { CaseResult, ConformanceCase, Harness } from "../../src/conformance/case.ts";
import { HYGIENE_CASES } from "../../src/conformance/cases/x-hygiene.ts";
import { checkHarness } from "../../src/conformance/check-harness.ts";
import { equal, rejectsWith } from "../../src/conformance/check.ts";
import { certify } from "../../src/conformance/certify.ts";
import { conformanceCase, type CaseDefinition } from "../../src/conformance/define.ts";
import { reportJson, reportText, type SuiteReport } from "../../src/conformance/report.ts";
import { runSuite, type RunSuiteOptions } from "../../src/conformance/run-suite.ts";
import { selectCases } from "../../src/conformance/suite-run.ts";
import { CONFORMANCE_CASES } from "../../src/conformance/suite.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import { StorageError } from "../../src/errors/storage-error.ts";
import { memory, MemoryStore } from "../../src/memory/index.ts";
import { memoryHarness } from "./memory-harness.ts";

/** A case that passes, but for what the test replaces. */
function oneCase(definition: Partial<CaseDefinition>): ConformanceCase {
  return conformanceCase({ id: "A01", title: "a case", level: "core", run: async () => {}, ...definition });
}

async function run(
  cases: ConformanceCase | readonly ConformanceCase[],
  harness: Partial<Harness> = {},
  options: RunSuiteOptions = {},
): Promise<SuiteReport> {
  const all = [cases].flat();
  return runSuite(
    { ...memoryHarness({ name: "memory" }), ...harness },
    { cases: all, levels: ["core", "extended", "stress"], ...options },
  );
}

async function only(
  one: ConformanceCase,
  harness: Partial<Harness> = {},
  options: RunSuiteOptions = {},
): Promise<CaseResult> {
  const [result] = (await run(one, harness, options)).results;
  if (result === undefined) throw new Error("no result");
  return result;
}

const VERSIONS_OFF = () => memoryHarness({ name: "no versions", capabilities: { versions: false } });

test("a case that returns has passed, one that throws has failed with what it threw as the reason", async () => {
  expect(await only(oneCase({}))).toMatchObject({ id: "A01", outcome: "passed", requests: 0 });
  const failed = await only(oneCase({ run: async () => equal(1, 2, "a number") }));
  expect(failed).toMatchObject({ outcome: "failed", reason: expect.stringContaining("a number: expected 2, got 1") });
});

test("a case that throws at once, or throws undefined, has failed", async () => {
  const sync = oneCase({
    run: () => {
      throw new Error("at once");
    },
  });
  expect((await only(sync)).reason).toContain("at once");
  // oxlint-disable-next-line prefer-promise-reject-errors -- the point of the test
  expect((await only(oneCase({ run: () => Promise.reject(undefined) }))).outcome).toBe("failed");
});

test("a service that cannot list uploads fails the cases about that, and no other", async () => {
  const store = new MemoryStore();
  const unlisted = (code: "Unsupported" | "Unavailable"): Partial<Harness> => ({
    createProvider: async () => {
      const provider = memory({ store });
      return {
        ...provider,
        multipart: {
          ...provider.multipart,
          // oxlint-disable-next-line require-yield -- it refuses before the first
          list: async function* () {
            throw new StorageError(code, "it answers another question");
          },
        },
      };
    },
  });
  const plain = oneCase({ run: async (t) => void (await t.provider.put(t.key("a"), "x")) });
  expect(await only(plain, unlisted("Unsupported"))).toMatchObject({ outcome: "passed" });
  const X02 = HYGIENE_CASES.filter(({ id }) => id === "X02");
  const { results } = await run([plain, ...X02], unlisted("Unavailable"));
  expect(results).toMatchObject([
    { id: "A01", outcome: "passed" },
    { id: "X02", outcome: "failed", reason: expect.stringContaining("A01: StorageError Unavailable") },
  ]);
  const asked = oneCase({ run: async (t) => void (await Array.fromAsync(t.provider.multipart.list())) });
  expect(await only(asked, unlisted("Unsupported"))).toMatchObject({ outcome: "failed" });
});

test("a case whose need is missing proves the refusal instead, and its name is the reason", async () => {
  const refusable = oneCase({
    needs: ["versions"],
    run: () => Promise.reject(new Error("must not run")),
    refusal: async (t) => {
      await rejectsWith("Unsupported", t.provider.get(t.key("a"), { version: "1" }));
    },
  });
  expect(await only(refusable, VERSIONS_OFF())).toMatchObject({ outcome: "refused", reason: "versions" });
  const unrefusable = oneCase({ needs: ["versions"], run: (t) => refusable.run(t) });
  expect(await only(unrefusable, VERSIONS_OFF())).toMatchObject({ outcome: "inapplicable", reason: "versions" });
});

test("a refusal that made a request is a failure", async () => {
  const late = oneCase({
    needs: ["versions"],
    refusal: async (t) => {
      await t.provider.exists(t.key("a"), { signal: t.signal });
    },
  });
  expect(await only(late, VERSIONS_OFF())).toMatchObject({
    outcome: "failed",
    reason: expect.stringContaining("1 requests"),
  });
});

test("a missing ability with a reason skips an extended case and fails a core case, unless that was accepted", async () => {
  const asking = { asks: ["faults"] } as const;
  const extended = await only(oneCase({ ...asking, level: "extended" }));
  expect(extended).toMatchObject({ outcome: "skipped", reason: expect.stringContaining("no wire") });
  expect(await only(oneCase(asking))).toMatchObject({
    outcome: "failed",
    reason: expect.stringContaining("must not be skipped"),
  });
  expect(await only(oneCase(asking), {}, { acceptSkipped: ["A01"] })).toMatchObject({ outcome: "skipped" });
  expect(await only(oneCase(asking), {}, { acceptSkipped: "all" })).toMatchObject({ outcome: "skipped" });
  expect(await only(oneCase(asking), {}, { acceptSkipped: ["A02"] })).toMatchObject({ outcome: "failed" });
});

test("a missing ability without a reason is a failure at every level", async () => {
  const result = await only(oneCase({ asks: ["faults"], level: "stress" }), { without: {} });
  expect(result).toMatchObject({ outcome: "failed", reason: expect.stringContaining('neither offers "faults"') });
});

test("a case can skip itself, which a core case must not", async () => {
  const skipping = { run: async (t: { skip: (reason: string) => never }) => t.skip("not today") } as const;
  expect(await only(oneCase({ ...skipping, level: "stress" }))).toMatchObject({
    outcome: "skipped",
    reason: "not today",
  });
  expect(await only(oneCase(skipping))).toMatchObject({ outcome: "failed" });
});

test("a declared deviation turns a failure into a deviation, and a success into a failure", async () => {
  const deviations = { A01: "the service drops it, see its issue 1" };
  const failing = oneCase({ run: async () => equal(1, 2, "a number") });
  const deviated = await only(failing, { deviations });
  expect(deviated).toMatchObject({ outcome: "deviated", reason: expect.stringContaining("issue 1") });
  expect(deviated.reason).toContain("a number");
  const stale = await only(oneCase({}), { deviations });
  expect(stale).toMatchObject({ outcome: "failed", reason: expect.stringContaining("it holds now") });
});

test("a deviation or a missing ability without a reason, and a deviation in an unknown case, stop the run", async () => {
  await expect(run(oneCase({}), { deviations: { A01: " " } })).rejects.toThrow('"A01" gives no reason');
  await expect(run(oneCase({}), { deviations: { Z99: "why" } })).rejects.toThrow('no case "Z99"');
  await expect(run(oneCase({}), { without: { faults: "" } })).rejects.toThrow('"faults" gives no reason');
  checkHarness(memoryHarness({ name: "memory" }), CONFORMANCE_CASES);
});

test("a harness that cannot be used is destroyed all the same", async () => {
  let destroyed = 0;
  const destroy = async () => {
    destroyed += 1;
  };
  await expect(run(oneCase({}), { destroy, deviations: { Z99: "why" } })).rejects.toThrow("Z99");
  const createProvider = () => Promise.reject(new Error("no service"));
  await expect(run(oneCase({}), { destroy, createProvider })).rejects.toThrow("no service");
  await run(oneCase({}), { destroy });
  expect(destroyed).toBe(3);
});

test("a case that overruns its time is stopped by its signal and fails with the time in the reason", async () => {
  const waiting = oneCase({
    run: (t) => new Promise((_, reject) => t.signal.addEventListener("abort", () => reject(new Error("stopped")))),
  });
  const result = await only(waiting, {}, { timeoutMs: 20 });
  expect(result).toMatchObject({ outcome: "failed", reason: expect.stringContaining("its time of 20 ms") });
});

test("the signal of a case ends with the case, so that nothing it started goes on", async () => {
  let signal: AbortSignal | undefined;
  await only(oneCase({ run: async (t) => void (signal = t.signal) }));
  expect(signal?.aborted).toBe(true);
});

test("every case has a prefix of its own, and what it leaves there is gone afterwards", async () => {
  const store = new MemoryStore();
  const prefixes: string[] = [];
  const leaving = oneCase({
    run: async (t) => {
      prefixes.push(t.prefix);
      await t.provider.put(t.key("left"), "x", { signal: t.signal });
      equal(t.key("left").startsWith(t.run.prefix), true, "whether the key is under the prefix of the run");
      await t.provider.put("elsewhere", "x");
      t.afterwards(() => t.provider.delete("elsewhere"));
    },
  });
  const provider = () => memory({ bucket: "b", store });
  const report = await run([leaving, { ...leaving, id: "A02" }], { createProvider: async () => provider() });
  expect(report.results.map(({ outcome }) => outcome)).toEqual(["passed", "passed"]);
  expect(new Set(prefixes).size).toBe(2);
  expect((await provider().listPage()).entries).toEqual([]);
});

test("what is left is cleaned after a failed case too, and a failing clean-up fails the case", async () => {
  const cleaned: string[] = [];
  const failing = oneCase({
    run: async (t) => {
      t.afterwards(async () => cleaned.push("first registered"));
      t.afterwards(async () => cleaned.push("last registered"));
      throw new Error("half way");
    },
  });
  expect((await only(failing)).reason).toContain("half way");
  expect(cleaned).toEqual(["last registered", "first registered"]);
  const unclean = oneCase({ run: async (t) => t.afterwards(() => Promise.reject(new Error("stuck"))) });
  expect(await only(unclean)).toMatchObject({ outcome: "failed", reason: expect.stringContaining("stuck") });
});

test("an upload that a case leaves open is aborted, and X02 hears of it", async () => {
  const open = oneCase({
    run: async (t) => {
      await t.provider.multipart.create(t.key("open"), { signal: t.signal });
    },
  });
  const x02 = CONFORMANCE_CASES.find(({ id }) => id === "X02");
  if (x02 === undefined) throw new Error("no X02");
  const report = await run([open, x02]);
  expect(report.results.map(({ id, outcome }) => [id, outcome])).toEqual([
    ["A01", "passed"],
    ["X02", "failed"],
  ]);
});

test("an object that cannot be deleted fails X01", async () => {
  const store = new MemoryStore();
  const sticky = () =>
    memory({
      bucket: "b",
      store,
      onCall: ({ operation }) => {
        if (operation === "deleteMany" || operation === "delete") throw new Error("not now");
      },
    });
  const leaving = oneCase({
    run: async (t) => {
      await t.provider.put(t.key("left"), "x", { signal: t.signal });
    },
  });
  const x01 = CONFORMANCE_CASES.find(({ id }) => id === "X01");
  if (x01 === undefined) throw new Error("no X01");
  const report = await run([leaving, x01], { createProvider: async () => sticky() });
  expect(report.results.at(-1)).toMatchObject({ id: "X01", outcome: "failed" });
});

test("where many keys at once cannot be deleted, each is deleted by itself", async () => {
  const store = new MemoryStore();
  const createProvider = async (): Promise<StorageProvider> => ({
    ...memory({ store }),
    // oxlint-disable-next-line require-yield -- it fails before the first
    deleteMany: async function* () {
      throw new StorageError("Unavailable", "an error of its own");
    },
  });
  const two = oneCase({
    run: async (t) => {
      for (const name of ["a", "b"]) await t.provider.put(t.key(name), "x");
    },
  });
  const X01 = HYGIENE_CASES.filter(({ id }) => id === "X01");
  expect((await run([two, ...X01], { createProvider })).results).toMatchObject([
    { id: "A01", outcome: "passed" },
    { id: "X01", outcome: "passed" },
  ]);
});

test("a service that cannot list what a case has left fails X01, and no other", async () => {
  const store = new MemoryStore();
  const createProvider = async (): Promise<StorageProvider> => ({
    ...memory({ store }),
    // oxlint-disable-next-line require-yield -- it fails before the first
    list: async function* () {
      throw new StorageError("Unavailable", "an error of its own");
    },
  });
  const X01 = HYGIENE_CASES.filter(({ id }) => id === "X01");
  expect((await run([oneCase({}), ...X01], { createProvider })).results).toMatchObject([
    { id: "A01", outcome: "passed" },
    { id: "X01", outcome: "failed", reason: expect.stringContaining("A01: StorageError Unavailable") },
  ]);
});

test("the same seed gives a case the same numbers, another one others", async () => {
  const drawn: number[] = [];
  const drawing = oneCase({ run: async (t) => void drawn.push(t.random()) });
  await only(drawing);
  await only(drawing);
  await only(drawing, {}, { seed: "another" });
  expect(drawn[0]).toBe(drawn[1]);
  expect(drawn[2]).not.toBe(drawn[0]);
});

test("providers that a case makes are closed after it", async () => {
  let made: Awaited<ReturnType<Harness["createProvider"]>> | undefined;
  await only(oneCase({ run: async (t) => void (made = await t.createProvider()) }));
  await expect(made?.head("a")).rejects.toMatchObject({ code: "InvalidArgument" });
});

test("a run can be limited to levels, sections and ids; one that does not exist is an error", () => {
  expect(selectCases(CONFORMANCE_CASES, { only: ["A01"] }).map(({ id }) => id)).toEqual(["A01"]);
  expect(new Set(selectCases(CONFORMANCE_CASES, { only: ["D"] }).map(({ id }) => id[0]))).toEqual(new Set(["D"]));
  expect(selectCases(CONFORMANCE_CASES, {}).some(({ level }) => level === "stress")).toBe(false);
  expect(selectCases(CONFORMANCE_CASES, { levels: ["stress"] }).every(({ level }) => level === "stress")).toBe(true);
  expect(() => selectCases(CONFORMANCE_CASES, { only: ["Q01"] })).toThrow('"Q01"');
});

test("a run stops before the next case when its signal ends, and reports what ran", async () => {
  const controller = new AbortController();
  const cases = [oneCase({}), oneCase({ id: "A02" }), oneCase({ id: "A03" })];
  const seen: string[] = [];
  const report = await run(
    cases,
    {},
    {
      signal: controller.signal,
      onResult: ({ id }) => {
        seen.push(id);
        if (id === "A02") controller.abort();
      },
    },
  );
  expect(seen).toEqual(["A01", "A02"]);
  expect(report.results.length).toBe(2);
});

test("the report counts by level and outcome, and names the reason of everything that did not simply pass", async () => {
  const report = await run(
    [
      oneCase({}),
      oneCase({ id: "A02", level: "extended", needs: ["versions"] }),
      oneCase({ id: "A03", level: "stress", run: async () => equal("a", "b", "a letter") }),
    ],
    VERSIONS_OFF(),
  );
  expect(report.ok).toBe(false);
  expect(report.byLevel.core.passed).toBe(1);
  expect(report.byLevel.extended.inapplicable).toBe(1);
  expect(report.byLevel.stress.failed).toBe(1);
  const text = reportText(report);
  expect(text).toContain("Storage contract: no versions: BROKEN");
  expect(text).toMatch(/A02 a case: versions/);
  expect(text).toMatch(/A03 a case: .*a letter/);
  const json = JSON.parse(JSON.stringify(reportJson(report))) as { results: { id: string; error?: unknown }[] };
  expect(json.results.map(({ id }) => id)).toEqual(["A01", "A02", "A03"]);
  expect(json.results.some((result) => "error" in result)).toBe(false);
});

test("certify runs the contract with nothing but a provider, and reports what it could not try", async () => {
  const store = new MemoryStore();
  const report = await certify(
    { name: "a live bucket", createProvider: () => memory({ store }) },
    { only: ["A", "G03", "G04"] },
  );
  expect(report.results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(report.results.filter(({ outcome }) => outcome === "skipped").map(({ id }) => id)).toEqual(["G03", "G04"]);
});
