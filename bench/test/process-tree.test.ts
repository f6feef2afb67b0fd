import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { endedChildrenCpuMs, ownCpuMs, peakMemory, processMemory } from "../measure/process-tree.ts";
import { runMeasured } from "../measure/run-measured.ts";

const MIB = 2 ** 20;

describe("what /proc says", () => {
  it("counts the CPU time of a process and of its ended children, also of one with spaces and parentheses in its name", () => {
    const stat = "42 (a b) c) S 1 42 42 0 -1 4194560 100 200 0 0 7 8 150 25 20 0 1 0 999 1 2";
    expect([ownCpuMs(stat), endedChildrenCpuMs(stat)]).toEqual([150, 1750]);
  });

  it("has the memory of a process now and at its peak", () => {
    const status = "Name:\tnode\nVmPeak:\t  99 kB\nVmHWM:\t   20 kB\nVmRSS:\t   10 kB\nThreads:\t7\n";
    expect(processMemory(status)).toEqual({ rssBytes: 10 * 1024, peakBytes: 20 * 1024 });
  });

  it("has none for a process that is about to be gone", () => {
    expect(processMemory("Name:\tnode\nState:\tZ (zombie)\n")).toBeUndefined();
  });
});

describe("the peak of a tree", () => {
  it("is what its processes held at one time, not the sum of their own peaks", () => {
    const peak = peakMemory();
    peak.add([
      { rssBytes: 50, peakBytes: 60 },
      { rssBytes: 10, peakBytes: 10 },
    ]);
    peak.add([
      { rssBytes: 10, peakBytes: 60 },
      { rssBytes: 45, peakBytes: 45 },
    ]);
    expect(peak.bytes()).toBe(60);
  });

  it("is at least the peak of any one process, which may lie between two samples", () => {
    const peak = peakMemory();
    peak.add([{ rssBytes: 10, peakBytes: 400 }]);
    expect(peak.bytes()).toBe(400);
  });
});

describe.skipIf(!existsSync("/proc/self/stat"))("a measured run", () => {
  const node = (script: string): Parameters<typeof runMeasured>[0] => ({
    program: process.execPath,
    args: ["-e", script],
  });

  it("counts the CPU time of children that the program waited for", async () => {
    const busy = "const end = process.cpuUsage().user + 100_000; while (process.cpuUsage().user < end);";
    const spawning = `require("node:child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(busy)}])`;
    // 100 ms, less what is lost by counting in ticks.
    const { cpuMs } = await runMeasured(node(spawning));
    expect(cpuMs).toBeGreaterThanOrEqual(90);
  });

  it("sees memory that the program held for a moment", async () => {
    // Held until a sample was surely taken, on a busy machine too.
    const holding = `const held = Buffer.alloc(${150 * MIB}, 1); setTimeout(() => held.length, 2000)`;
    const { peakRssBytes } = await runMeasured(node(holding));
    expect(peakRssBytes).toBeGreaterThan(150 * MIB);
  });

  it("fails with what the program said when that fails", async () => {
    await expect(runMeasured(node(`console.error("no such bucket"); process.exit(3)`))).rejects.toThrow(
      /ended with 3:\nno such bucket/,
    );
  });

  it("fails when the program is not there", async () => {
    await expect(runMeasured({ program: "/no/such/program", args: [] })).rejects.toThrow("ENOENT");
  });
});
