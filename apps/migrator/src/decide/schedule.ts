import type { CopySchedule, ScheduleWindow } from "@bucketferry/config";

/** What a schedule says at one moment. Undefined: as it is configured outside of windows. */
export interface ScheduledPace {
  /** The window that is open, as it is written in the configuration. */
  readonly window: string | undefined;
  readonly isPaused: boolean;
  readonly concurrency: number | undefined;
  readonly bandwidthBytesPerSecond: number | undefined;
}

/** Outside of all windows. */
export const UNSCHEDULED: ScheduledPace = {
  window: undefined,
  isPaused: false,
  concurrency: undefined,
  bandwidthBytesPerSecond: undefined,
};

const DAY_MINUTES = 24 * 60;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/**
 * Which window is open at a time (milliseconds since 1970): the first that is. A window whose end is not after its beginning
 * goes on past midnight, and belongs to the day on which it begins.
 */
export function scheduleAt({ timeZone, windows }: CopySchedule, timeMs: number): ScheduledPace {
  const { day, minute } = localTime(timeZone, timeMs);
  const open = windows.find((window) => isOpen(window, day, minute));
  if (open === undefined) return UNSCHEDULED;
  return {
    window: `${open.days.join(",")} ${clockText(open.fromMinute)}–${clockText(open.toMinute)} ${timeZone}`,
    isPaused: open.pause,
    concurrency: open.concurrency,
    bandwidthBytesPerSecond: open.bandwidthLimitBytesPerSecond,
  };
}

function isOpen({ days, fromMinute, toMinute }: ScheduleWindow, day: number, minute: number): boolean {
  const beginsOn = (weekday: number): boolean => days.some((name) => DAYS[(weekday + 7) % 7] === name);
  if (fromMinute < toMinute) return beginsOn(day) && minute >= fromMinute && minute < toMinute;
  return (beginsOn(day) && minute >= fromMinute) || (beginsOn(day - 1) && minute < toMinute);
}

/** Day of the week (0 is Sunday) and minute of the day, as the clocks of a time zone show them. */
function localTime(timeZone: string, timeMs: number): { readonly day: number; readonly minute: number } {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, value]),
  );
  const day = DAYS.findIndex((name) => name === parts.get("weekday")?.toLowerCase());
  return { day, minute: (Number(parts.get("hour")) * 60 + Number(parts.get("minute"))) % DAY_MINUTES };
}

/** Making one costs thousands of times as much as using it. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  FORMATS.set(timeZone, format);
  return format;
}

function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
