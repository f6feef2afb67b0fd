import { describe, expect, it } from "vitest";
import { median, pairedRatio, summary } from "../measure/summary.ts";

describe("the summary of some rounds", () => {
  it("has the middle one of an odd number, whatever their order", () => {
    expect(summary([30, 4, 100])).toEqual({ median: 30, min: 4, max: 100 });
  });

  it("has the mean of the two in the middle of an even number", () => {
    expect(median([10, 1, 3, 2])).toBe(2.5);
  });

  it("sorts numbers as numbers", () => {
    expect(median([9, 10, 100])).toBe(10);
  });

  it("is refused without a round", () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("a ratio by rounds", () => {
  it("does not see that one round was slow for both", () => {
    expect(pairedRatio([10, 90, 10], [5, 45, 5])).toBe(2);
  });

  it("is refused for different numbers of rounds", () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow("2 rounds cannot be paired with 1");
  });
});
