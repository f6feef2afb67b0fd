import { expect, it } from "vitest";
import { soak } from "./soak.ts";
import { BAD_WEATHER_IN_SHORT } from "./weather.ts";

/** Another one by SOAK_SEED; what it was is in the message of a failure. */
const SEED = process.env["SOAK_SEED"] ?? "ci";

it("L1 L8 S8 S10 S12 S25 a copy in bad weather that is killed at random places ends complete, equal, and without leftovers", async () => {
  const report = await soak({
    kills: 12,
    seed: SEED,
    waves: 4,
    smallPerWave: 40,
    largePerWave: 1,
    largeBytes: [20_000_000, 26_000_000],
    weather: BAD_WEATHER_IN_SHORT,
  });
  expect(report.problems, `seed ${SEED}`).toEqual([]);
  expect(report).toMatchObject({ kills: 12, objects: 164, exitCode: 0 });
  expect(report.struck).toEqual({
    reset: expect.any(Number),
    answer: expect.any(Number),
    truncate: expect.any(Number),
    flipBit: expect.any(Number),
    flipRequestBit: expect.any(Number),
  });
}, 480_000);
