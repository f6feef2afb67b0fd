import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { hostLimits } from "./host-limits.ts";

const call = { operation: "get", key: "k", signal: undefined, repeatable: true } as const;
const refuse = (): Error => new Error("aborted");

it("S12 a pause that a host asked for ends also when its timer fires before the time, and nobody is under way", async () => {
  // A timer is late or early against this clock as one is on a busy machine.
  let nowMs = 0;
  const limits = hostLimits(4, () => nowMs);
  const turns = limits.turnsOf("busy");
  limits.hold("busy", 20);
  expect(turns.take(call)).toBeUndefined();
  let isServed = false;
  const waiting = turns.wait(call, refuse).then(() => {
    isServed = true;
  });
  nowMs = 19.9;
  await sleep(60);
  expect(isServed).toBe(false);
  nowMs = 20;
  await waiting;
});

it("S12 a pause of no time holds nobody", () => {
  const limits = hostLimits(4, () => 0);
  limits.hold("quick", 0);
  expect(limits.turnsOf("quick").take(call)).toBeDefined();
});
