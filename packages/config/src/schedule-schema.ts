import { z } from "zod";
import type { CopySchedule, ScheduleWindow } from "./config.ts";
import { byteSize } from "./byte-size-schema.ts";

const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const clockTime = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'is no time of day: write it with 24 hours, as in "22:00".')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const timeZone = z
  .string()
  .refine((name) => isTimeZone(name), 'is no time zone: write an IANA name such as "Europe/Berlin", or "UTC".');

const scheduleWindow = z
  .strictObject({
    days: z
      .array(z.enum(WEEKDAYS))
      .min(1, 'needs at least one day, as in ["sat", "sun"]; leave it out for every day.')
      .default([...WEEKDAYS])
      .describe("Days on which the window begins; default: every day."),
    from: clockTime.describe("When it begins, as in 22:00."),
    to: clockTime.describe("When it ends; not later than `from`: on the next day."),
    bandwidthLimit: byteSize.optional().describe("Most bytes a second while it is open."),
    concurrency: z.int().min(1).max(1024).optional().describe("Objects at once while it is open."),
    pause: z.literal(true).optional().describe("Nothing new is begun while it is open."),
  })
  .refine((window) => window.pause ?? window.bandwidthLimit ?? window.concurrency, {
    message: "says nothing: give it pause: true, or a bandwidthLimit, or a concurrency.",
  })
  .refine((window) => window.pause !== true || (window.bandwidthLimit ?? window.concurrency) === undefined, {
    message: "pauses, so its bandwidthLimit and concurrency mean nothing: leave them out.",
  });

/** `copy.schedule`: when copying goes slower, or not at all. */
export const scheduleSchema = z.strictObject({
  timeZone: timeZone.default("UTC").describe("Whose clocks the windows mean: an IANA name."),
  windows: z.array(scheduleWindow).min(1, "needs at least one window.").describe("The first one that is open counts."),
});

export function scheduleOf(parsed: z.output<typeof scheduleSchema>): CopySchedule {
  return {
    timeZone: parsed.timeZone,
    windows: parsed.windows.map(({ days, from, to, bandwidthLimit, concurrency, pause }): ScheduleWindow => ({
      days,
      fromMinute: from,
      toMinute: to,
      bandwidthLimitBytesPerSecond: bandwidthLimit,
      concurrency,
      pause: pause ?? false,
    })),
  };
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
