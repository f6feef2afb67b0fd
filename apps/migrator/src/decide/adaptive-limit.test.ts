import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterOverload, afterSuccess, limitOf, startLimit, withMost, type AdaptiveLimit } from "./adaptive-limit.ts";
import { isOverload } from "./overload.ts";

const outcome = fc.record({
  overload: fc.boolean(),
  tookMs: fc.integer({ min: 0, max: 5_000 }),
  inFlight: fc.integer({ min: 1, max: 100 }),
  latency: fc.boolean(),
});

describe("the adaptive limit", () => {
  it("stays between one and its bound, whatever happens, and never rises by more than one request at once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_024 }), fc.array(outcome, { maxLength: 300 }), (most, outcomes) => {
        let limit = startLimit(most);
        let nowMs = 0;
        for (const { overload, tookMs, inFlight, latency } of outcomes) {
          nowMs += 1;
          const request = { beganAtMs: nowMs - tookMs, nowMs, inFlight, latencyMs: latency ? tookMs : undefined };
          const before = limitOf(limit);
          limit = overload ? afterOverload(limit, request) : afterSuccess(limit, request);
          expect(limitOf(limit)).toBeGreaterThanOrEqual(1);
          expect(limitOf(limit)).toBeLessThanOrEqual(most);
          expect(limitOf(limit) - before).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("begins at its bound: a service that is well is used in full from the first request", () => {
    expect(limitOf(startLimit(32))).toBe(32);
  });

  it("halves once for a whole wave of refusals", () => {
    let limit = startLimit(32);
    for (let i = 0; i < 32; i++) {
      limit = afterOverload(limit, { beganAtMs: 0, nowMs: 10 + i, inFlight: 32 - i, latencyMs: undefined });
    }
    expect(limitOf(limit)).toBe(16);
    limit = afterOverload(limit, { beganAtMs: 50, nowMs: 60, inFlight: 16, latencyMs: undefined });
    expect(limitOf(limit)).toBe(8);
  });

  it("does not rise on places that nobody uses", () => {
    let limit = afterOverload(startLimit(32), { beganAtMs: 0, nowMs: 1, inFlight: 32, latencyMs: undefined });
    for (let i = 0; i < 1_000; i++) {
      limit = afterSuccess(limit, { beganAtMs: 2, nowMs: 3, inFlight: 1, latencyMs: undefined });
    }
    expect(limitOf(limit)).toBe(16);
  });

  it("S12 finds what a service bears, whatever that is, and few requests are refused on the way", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (bears) => {
        const { limit, refused, requests, used } = against(bears, 400);
        expect(limitOf(limit)).toBeLessThanOrEqual(bears + 1);
        // A saw-tooth between a half and the whole lies at three quarters.
        expect(used / requests.rounds).toBeGreaterThan(Math.max(1, 0.6 * Math.min(bears, 64)) - 0.5);
        expect(refused / requests.count).toBeLessThan(bears < 4 ? 0.35 : 0.12);
      }),
      { numRuns: 60 },
    );
  });

  it("goes down when latency grows, before anything is refused, and comes back", () => {
    let limit = startLimit(32);
    let nowMs = 0;
    const answers = (count: number, latencyMs: number): void => {
      for (let i = 0; i < count; i++) {
        nowMs += 10;
        limit = afterSuccess(limit, { beganAtMs: nowMs - 1, nowMs, inFlight: limitOf(limit), latencyMs });
      }
    };
    answers(320, 20);
    expect(limitOf(limit)).toBe(32);
    answers(64, 400);
    const low = limitOf(limit);
    expect(low).toBeLessThan(27);
    answers(2_000, 20);
    expect(limitOf(limit)).toBe(32);
  });

  it("takes latency that varies by its nature for what it is", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 45 }), { minLength: 100, maxLength: 500 }), (latencies) => {
        let limit = startLimit(32);
        for (const [index, latencyMs] of latencies.entries()) {
          limit = afterSuccess(limit, { beganAtMs: index, nowMs: index, inFlight: 32, latencyMs });
        }
        expect(limitOf(limit)).toBe(32);
      }),
    );
  });

  it("follows its bound", () => {
    expect(limitOf(withMost(startLimit(32), 64))).toBe(64);
    expect(limitOf(withMost(startLimit(32), 4))).toBe(4);
    const low = afterOverload(startLimit(32), { beganAtMs: 0, nowMs: 1, inFlight: 32, latencyMs: undefined });
    expect(limitOf(withMost(low, 64))).toBe(16);
  });
});

/** A service that answers so many requests at once and refuses the others, in rounds of one wave each. */
function against(
  bears: number,
  rounds: number,
): {
  readonly limit: AdaptiveLimit;
  readonly refused: number;
  readonly requests: { readonly count: number; readonly rounds: number };
  readonly used: number;
} {
  let limit = startLimit(64);
  let refused = 0;
  let count = 0;
  let used = 0;
  for (let round = 0; round < rounds; round++) {
    const inFlight = limitOf(limit);
    const beganAtMs = round * 10;
    count += inFlight;
    used += Math.min(inFlight, bears);
    for (let i = 0; i < inFlight; i++) {
      const request = { beganAtMs, nowMs: beganAtMs + 5, inFlight, latencyMs: undefined };
      if (i >= bears) refused++;
      limit = i >= bears ? afterOverload(limit, request) : afterSuccess(limit, request);
    }
  }
  return { limit, refused, requests: { count, rounds }, used };
}

it.each([
  [{ code: "RateLimited", status: 429 }, true],
  [{ code: "RateLimited", status: 503 }, true],
  [{ code: "Unavailable", status: 544 }, true],
  [{ code: "Timeout", status: undefined }, true],
  [{ code: "Unavailable", status: undefined }, false],
  [{ code: "Unavailable", status: 500 }, false],
  [{ code: "NotFound", status: 404 }, false],
] as const)("S12 %j asks for fewer requests: %s", (failure, expected) => {
  expect(isOverload(failure)).toBe(expected);
});
