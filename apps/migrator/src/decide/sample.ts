import { hash } from "node:crypto";

/** Which objects of a route are looked at closely: a share of them, chosen by the hash of their keys. */
export interface Sample {
  /** 0 < rate ≤ 1. */
  readonly rate: number;
  /** The same seed chooses the same objects, another one chooses others. */
  readonly seed: string;
}

/** Two to the 48th: as many bits of the hash as a double holds exactly, and to spare. */
const RANGE = 2 ** 48;

/**
 * Whether an object is in the sample. It depends on nothing but seed, route and key, so a run can be repeated, on any
 * machine and in any order, and a larger rate with the same seed contains the smaller one.
 */
export function inSample({ rate, seed }: Sample, route: string, key: string): boolean {
  if (rate >= 1) return true;
  const digest = hash("sha256", JSON.stringify([seed, route, key]), "buffer");
  return digest.readUIntBE(0, 6) < rate * RANGE;
}

/** `1%`, `0.5%` or `0.01`; undefined for anything else, and for what is not above 0 and at most 1. */
export function parseRate(text: string): number | undefined {
  const [, digits, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const rate = Number(digits) / (percent === "%" ? 100 : 1);
  return rate > 0 && rate <= 1 ? rate : undefined;
}

/**
 * The largest share of bad objects that a sample without a single bad one leaves possible, at 95 % confidence: a share `p`
 * goes unseen in `n` objects with probability `(1 - p)^n` (the exact form of the "rule of three",
 * https://en.wikipedia.org/wiki/Rule_of_three_(statistics)).
 */
export function unseenShare(sampled: number): number {
  return sampled === 0 ? 1 : 1 - 0.05 ** (1 / sampled);
}
