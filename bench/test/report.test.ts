import { describe, expect, it } from "vitest";
import type { Comparison, RoundCost } from "../measure/compare.ts";
import { comparisonTable } from "../report/comparison-table.ts";
import { figure, goalLine, isReached, type Goal } from "../report/goals.ts";
import { ratioGoal } from "../report/ratio-goal.ts";
import { table } from "../report/table.ts";

const MIB = 2 ** 20;
const NO_REQUESTS = { list: 0, bucket: 0, head: 0, get: 0, put: 0, post: 0, delete: 0 };

function round(wallMs: number, cpuMs: number, steps: RoundCost["steps"] = {}): RoundCost {
  return { wallMs, cpuMs, peakRssBytes: 64 * MIB, steps };
}

/** Two contestants and two rounds, the second of them slow for both. */
const comparison: Comparison = {
  service: "a server",
  objects: 1_000,
  sizeBytes: 4096,
  results: {
    ours: {
      rounds: [round(1_000, 400), round(3_000, 400)].map((cost) => ({
        ...cost,
        steps: { plan: round(200, 100), copy: round(800, 300) },
      })),
      requests: { ...NO_REQUESTS, list: 2, get: 1_000, put: 1_000 },
    },
    theirs: {
      rounds: [round(2_000, 800), round(6_000, 1_200)],
      requests: { ...NO_REQUESTS, list: 4, head: 1_000, get: 1_000, put: 1_000 },
    },
  },
};

describe("a goal", () => {
  const goal = (value: number, must: Goal["must"], target: number): Goal => ({
    what: "speed",
    value,
    must,
    target,
    unit: " ×",
  });

  it.each([
    [2, "at least", 2, true],
    [1.99, "at least", 2, false],
    [0.5, "at most", 0.5, true],
    [0.51, "at most", 0.5, false],
    [2, "exactly", 2, true],
    [2.001, "exactly", 2, false],
    [Number.NaN, "at most", 1, false],
  ] as const)("%d must be %s %d: %s", (value, must, target, expected) => {
    expect(isReached(goal(value, must, target))).toBe(expected);
  });

  it("is told with its target and whether it was reached", () => {
    expect(goalLine(goal(3.14159, "at least", 2))).toBe("reached  speed: 3.14 × (at least 2 ×)");
    expect(goalLine(goal(1, "at least", 2))).toBe("MISSED   speed: 1 × (at least 2 ×)");
  });

  it("about somebody who did not take part is not there", () => {
    const wanted = { what: "", figure: "wallMs", must: "at least", target: 1 } as const;
    expect(ratioGoal(comparison, { ...wanted, of: "theirs", by: "ours" })).toMatchObject([{ value: 2 }]);
    expect(ratioGoal(comparison, { ...wanted, of: "rclone", by: "ours" })).toEqual([]);
  });
});

describe("a figure", () => {
  it("has three digits, and all of a large number's", () => {
    expect([0.123456, 12.345, 123.6, 1_234_567, 2].map(figure)).toEqual(["0.123", "12.3", "124", "1,234,567", "2"]);
  });

  it("that is none is a dash", () => {
    expect(figure(Number.NaN)).toBe("–");
  });
});

describe("a table", () => {
  it("is Markdown that can be read as it is: text to the left, figures to the right", () => {
    expect(table(["", "time"], [["rclone", "1.5"]])).toBe(
      ["|        | time |", "| ------ | ---: |", "| rclone |  1.5 |"].join("\n"),
    );
  });

  it("of a comparison has speed, CPU, memory, requests and the ratio by rounds, and each step of who has several", () => {
    const cells = comparisonTable(comparison, "objects")
      .split("\n")
      .slice(2)
      .map((line) =>
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(cells).toEqual([
      ["ours", "2 (1–3)", "500", "400", "64", "2", "2", "1"],
      ["ours: plan alone", "0.2 (0.2–0.2)", "5,000", "100", "64", "", "", ""],
      ["ours: copy alone", "0.8 (0.8–0.8)", "1,250", "300", "64", "", "", ""],
      ["theirs", "4 (2–6)", "250", "1,000", "64", "4", "3", "2"],
    ]);
  });

  it("of large objects tells speed in MB/s and CPU by GiB", () => {
    const large = { ...comparison, objects: 4, sizeBytes: 256 * MIB };
    expect(comparisonTable(large, "bytes")).toMatch(/\| +MB\/s \| CPU, s a GiB \|/);
    expect(comparisonTable(large, "bytes")).toMatch(/\| ours +\| +2 \(1–3\) \| +537 \| +0\.4 \|/);
  });
});
