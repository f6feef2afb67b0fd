import { expect, it } from "vitest";
import { inSample, parseRate, unseenShare } from "./sample.ts";

const KEYS = Array.from({ length: 20_000 }, (_, i) => `lectures/${i}.mp3`);
const sampled = (rate: number, seed: string): string[] => KEYS.filter((key) => inSample({ rate, seed }, "r", key));

it("a sample has about as many objects as its rate says, always the same ones for one seed, and others for another", () => {
  const one = sampled(0.05, "a");
  // 20,000 × 5 % = 1,000, standard deviation 31.
  expect(one.length).toBeGreaterThan(850);
  expect(one.length).toBeLessThan(1_150);
  expect(sampled(0.05, "a")).toEqual(one);
  const other = new Set(sampled(0.05, "b"));
  expect(one.filter((key) => other.has(key)).length).toBeLessThan(150);
});

it("a larger sample of one seed contains the smaller one", () => {
  const larger = new Set(sampled(0.1, "a"));
  expect(sampled(0.02, "a").every((key) => larger.has(key))).toBe(true);
  expect(sampled(1, "a")).toHaveLength(KEYS.length);
});

it.each([
  ["1%", 0.01],
  ["100%", 1],
  ["0.5%", 0.005],
  ["0.01", 0.01],
  [".25", 0.25],
  ["1", 1],
  ["0", undefined],
  ["0%", undefined],
  ["101%", undefined],
  ["2", undefined],
  ["-1%", undefined],
  ["1e-2", undefined],
  ["one", undefined],
  ["", undefined],
])("a rate of %j is %j", (text, rate) => {
  expect(parseRate(text)).toBe(rate);
});

it("says how many bad objects a clean sample can hide", () => {
  // The rule of three: about 3/n.
  expect(unseenShare(300)).toBeCloseTo(0.00994, 4);
  expect(unseenShare(0)).toBe(1);
});
