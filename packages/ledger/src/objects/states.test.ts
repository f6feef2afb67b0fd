import { describe, expect, it } from "vitest";
import { isLegalTransition, OBJECT_STATES, TRANSITIONS } from "./states.ts";

describe("the states of an object", () => {
  it("are verified only after they were copied", () => {
    const before = OBJECT_STATES.filter((state) => isLegalTransition(state, "verified"));
    expect(before).toEqual(["copied", "verified"]);
    expect(isLegalTransition(undefined, "verified")).toBe(false);
  });

  it("are copied only after they were planned", () => {
    const before = OBJECT_STATES.filter((state) => isLegalTransition(state, "copied"));
    expect(before).toEqual(["planned", "copied"]);
    expect(isLegalTransition(undefined, "copied")).toBe(false);
  });

  it("can all be left: a newer plan may start any object again", () => {
    for (const state of OBJECT_STATES) expect(isLegalTransition(state, "planned")).toBe(true);
  });

  it("are all reachable, and the table names no other", () => {
    const reached = new Set(Object.values(TRANSITIONS).flat());
    expect([...reached].sort()).toEqual([...OBJECT_STATES].sort());
    expect(Object.keys(TRANSITIONS).sort()).toEqual(["new", ...OBJECT_STATES].sort());
  });
});
