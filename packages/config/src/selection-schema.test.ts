import { describe, expect, it } from "vitest";
import { ConfigError } from "./config-error.ts";
import { parseConfig } from "./load-config.ts";
import { parseTime } from "./selection-schema.ts";

const read = (copy: object, route: object = {}) =>
  parseConfig(
    { routes: [{ name: "a", source: { adapter: "memory" }, target: { adapter: "memory" }, ...route }], copy },
    "/nowhere/bucketferry.config.json",
  );

describe("a selection", () => {
  it("takes up everything when nothing is said", async () => {
    const [route] = (await read({})).routes;
    expect(route?.selection).toEqual({
      include: undefined,
      exclude: [],
      minSizeBytes: undefined,
      maxSizeBytes: undefined,
      modifiedAfter: undefined,
      modifiedBefore: undefined,
    });
  });

  it("S17 of a route takes the place of the common one, field by field", async () => {
    const copy = { include: ["img/**"], exclude: ["**/*.tmp"], minSize: "1KiB", modifiedAfter: "2026-01-31" };
    const [route] = (await read(copy, { include: ["audio/**"], exclude: [], maxSize: 10 })).routes;
    const { include, exclude, ...rest } = route?.selection ?? { include: [], exclude: [] };
    expect(include?.map(({ pattern }) => pattern)).toEqual(["audio/**"]);
    expect(include?.map((glob) => [glob.matches("audio/a"), glob.matches("img/a")])).toEqual([[true, false]]);
    expect(exclude).toEqual([]);
    expect(rest).toEqual({
      minSizeBytes: 1024,
      maxSizeBytes: 10,
      modifiedAfter: new Date("2026-01-31T00:00:00Z"),
      modifiedBefore: undefined,
    });
  });

  it.each([
    [{ include: [] }, "copy.include"],
    [{ exclude: ["a["] }, "copy.exclude[0]: has a [ without its ]"],
    [{ minSize: "big" }, "copy.minSize: is not a size"],
    [{ modifiedBefore: "yesterday" }, "copy.modifiedBefore: is not a time"],
    [{ order: "smallest" }, "copy.order"],
    [{ metadata: "drop" }, "copy.metadata"],
  ])("that cannot be understood is refused with its place: %j", async (copy, problem) => {
    const error: unknown = await read(copy).catch((reason: unknown) => reason);
    if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
    expect(error.problems.map(({ path, message }) => `${path}: ${message}`).join("\n")).toContain(problem);
  });
});

it("a time has a zone, or is a day in UTC", () => {
  expect(parseTime("2026-01-31T12:00:00+02:00")?.toISOString()).toBe("2026-01-31T10:00:00.000Z");
  expect(parseTime("2026-01-31T12:00Z")?.toISOString()).toBe("2026-01-31T12:00:00.000Z");
  for (const wrong of ["2026-01-31T12:00:00", "2026-13-01", "31.1.2026", "1767225600", ""]) {
    expect(parseTime(wrong)).toBeUndefined();
  }
});
