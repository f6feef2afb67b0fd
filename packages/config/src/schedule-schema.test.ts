import { expect, it } from "vitest";
import { scheduleOf, scheduleSchema } from "./schedule-schema.ts";

const problemsOf = (schedule: unknown): string[] => {
  const parsed = scheduleSchema.safeParse(schedule);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
};

it("a schedule is read into minutes and bytes, by UTC and for every day unless it says otherwise", () => {
  const parsed = scheduleSchema.parse({
    windows: [
      { from: "22:00", to: "06:30", bandwidthLimit: "10MiB", concurrency: 4 },
      { days: ["sun"], from: "00:00", to: "00:00", pause: true },
    ],
  });
  expect(scheduleOf(parsed)).toEqual({
    timeZone: "UTC",
    windows: [
      {
        days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        fromMinute: 1_320,
        toMinute: 390,
        bandwidthLimitBytesPerSecond: 10 * 1024 ** 2,
        concurrency: 4,
        pause: false,
      },
      {
        days: ["sun"],
        fromMinute: 0,
        toMinute: 0,
        bandwidthLimitBytesPerSecond: undefined,
        concurrency: undefined,
        pause: true,
      },
    ],
  });
});

const window = { from: "08:00", to: "18:00", pause: true };

it.each([
  [{ windows: [] }, "windows needs at least one window."],
  [{ timeZone: "Mars/Olympus", windows: [window] }, "timeZone is no time zone"],
  [{ windows: [{ ...window, from: "8:00" }] }, "windows.0.from is no time of day"],
  [{ windows: [{ ...window, to: "24:00" }] }, "windows.0.to is no time of day"],
  [{ windows: [{ ...window, days: [] }] }, "windows.0.days needs at least one day"],
  [{ windows: [{ from: "08:00", to: "18:00" }] }, "windows.0 says nothing"],
  [{ windows: [{ ...window, concurrency: 3 }] }, "windows.0 pauses, so"],
  [{ windows: [{ from: "08:00", to: "18:00", bandwidthLimit: "fast" }] }, "windows.0.bandwidthLimit is not a size"],
] as const)("%j is refused with the field, what is wrong and the fix", (schedule, problem) => {
  expect(problemsOf(schedule).join("\n")).toContain(problem);
});
