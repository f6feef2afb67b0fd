import type { CopySchedule, ScheduleWindow } from "@bucketferry/config";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { followSchedule } from "../pipeline/follow-schedule.ts";
import { scheduleAt } from "./schedule.ts";

const EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

function windowOf(from: string, to: string, more: Partial<ScheduleWindow> = {}): ScheduleWindow {
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return {
    days: EVERY_DAY,
    fromMinute: minutes(from),
    toMinute: minutes(to),
    bandwidthLimitBytesPerSecond: undefined,
    concurrency: undefined,
    pause: true,
    ...more,
  };
}

const at = (schedule: CopySchedule, time: string): boolean => scheduleAt(schedule, Date.parse(time)).isPaused;

describe("a schedule", () => {
  it("L14 is by UTC unless it names a time zone, wherever the machine stands", () => {
    const windows = [windowOf("08:00", "18:00")];
    expect(at({ timeZone: "UTC", windows }, "2026-03-02T07:59:59Z")).toBe(false);
    expect(at({ timeZone: "UTC", windows }, "2026-03-02T08:00:00Z")).toBe(true);
    expect(at({ timeZone: "UTC", windows }, "2026-03-02T17:59:59Z")).toBe(true);
    expect(at({ timeZone: "UTC", windows }, "2026-03-02T18:00:00Z")).toBe(false);
    expect(at({ timeZone: "America/New_York", windows }, "2026-03-02T12:59:00Z")).toBe(false);
    expect(at({ timeZone: "America/New_York", windows }, "2026-03-02T13:00:00Z")).toBe(true);
  });

  it("L14 keeps the hours of the wall when clocks go forward and back", () => {
    const schedule = { timeZone: "Europe/Berlin", windows: [windowOf("08:00", "09:00")] };
    expect(at(schedule, "2026-03-28T07:30:00Z")).toBe(true);
    // The clocks went forward in the night of 29 March 2026.
    expect(at(schedule, "2026-03-29T07:30:00Z")).toBe(false);
    expect(at(schedule, "2026-03-29T06:30:00Z")).toBe(true);
  });

  it("has windows that go on past midnight and belong to the day on which they begin", () => {
    const schedule = { timeZone: "UTC", windows: [windowOf("22:00", "06:00", { days: ["fri"] })] };
    expect(at(schedule, "2026-03-06T21:59:00Z")).toBe(false);
    expect(at(schedule, "2026-03-06T22:00:00Z")).toBe(true);
    expect(at(schedule, "2026-03-07T05:59:00Z")).toBe(true);
    expect(at(schedule, "2026-03-07T06:00:00Z")).toBe(false);
    expect(at(schedule, "2026-03-07T23:00:00Z")).toBe(false);
  });

  it("goes by the first window that is open", () => {
    const schedule = {
      timeZone: "UTC",
      windows: [
        windowOf("12:00", "13:00", { pause: false, concurrency: 4 }),
        windowOf("08:00", "18:00", { pause: false, bandwidthLimitBytesPerSecond: 1_000 }),
      ],
    };
    expect(scheduleAt(schedule, Date.parse("2026-03-02T12:30:00Z"))).toMatchObject({ concurrency: 4 });
    expect(scheduleAt(schedule, Date.parse("2026-03-02T13:30:00Z"))).toMatchObject({ bandwidthBytesPerSecond: 1_000 });
    expect(scheduleAt(schedule, Date.parse("2026-03-02T19:00:00Z"))).toMatchObject({ window: undefined });
  });

  it("is open for exactly the minutes between its ends, a day long", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_439 }), fc.integer({ min: 0, max: 1_439 }), (fromMinute, toMinute) => {
        const schedule = { timeZone: "UTC", windows: [{ ...windowOf("00:00", "00:00"), fromMinute, toMinute }] };
        let open = 0;
        for (let minute = 0; minute < 1_440; minute += 1) {
          if (scheduleAt(schedule, Date.UTC(2026, 2, 2) + minute * 60_000).isPaused) open += 1;
        }
        expect(open).toBe((toMinute - fromMinute + 1_440) % 1_440 || 1_440);
      }),
      { numRuns: 10 },
    );
  });
});

it("L14 a clock that jumps is looked at again: the window that is open by the new time counts", async () => {
  let nowMs = Date.parse("2026-03-02T07:00:00Z");
  const paces: number[] = [];
  const changed = Promise.withResolvers<void>();
  const stop = followSchedule({
    schedule: { timeZone: "UTC", windows: [windowOf("08:00", "18:00")] },
    usual: { concurrency: 8, bandwidthBytesPerSecond: undefined },
    now: () => nowMs,
    onPace: ({ concurrency }) => {
      paces.push(concurrency);
      changed.resolve();
    },
  });
  expect(paces).toEqual([]);
  nowMs = Date.parse("2026-03-02T09:00:00Z");
  await changed.promise;
  stop();
  expect(paces).toEqual([0]);
});
