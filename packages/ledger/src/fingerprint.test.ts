import { expect, it } from "vitest";
import { compareRoutes, fingerprintOf } from "./fingerprint.ts";

const A = { name: "a", sourceIdentity: "s3 one", targetIdentity: "s3 two" };
const B = { name: "b", sourceIdentity: "s3 three", targetIdentity: "s3 four" };

it("L7 a fingerprint does not depend on the order of the routes", () => {
  expect(fingerprintOf([A, B])).toBe(fingerprintOf([B, A]));
});

it.each(["name", "sourceIdentity", "targetIdentity"] as const)("L7 a fingerprint changes with the %s", (field) => {
  expect(fingerprintOf([{ ...A, [field]: "other" }])).not.toBe(fingerprintOf([A]));
});

it("L7 another target under the same name is dangerous, a route more or less is not", () => {
  expect(compareRoutes([A], [{ ...A, targetIdentity: "s3 five" }])).toEqual([
    { name: "a", difference: "has another target: s3 two on record, s3 five in the configuration", dangerous: true },
  ]);
  expect(compareRoutes([A], [A, B]).map((difference) => difference.dangerous)).toEqual([false]);
  expect(compareRoutes([A, B], [A]).map((difference) => difference.dangerous)).toEqual([false]);
});
