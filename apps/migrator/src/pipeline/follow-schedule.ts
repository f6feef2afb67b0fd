import type { CopySchedule } from "@bucketferry/config";
import { scheduleAt, UNSCHEDULED, type ScheduledPace } from "../decide/schedule.ts";
import type { Pace } from "./throttle.ts";

export interface FollowScheduleOptions {
  readonly schedule: CopySchedule;
  /** What holds outside of windows, and where a window says nothing. */
  readonly usual: Pace;
  /** Told of each change of the pace, the first one included. */
  readonly onPace: (pace: Pace, scheduled: ScheduledPace) => void;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** The clock is read anew so often: a window opens this late at most, also after the clock was set or the machine slept. */
const LOOK_MS = 1_000;

/** Keeps the pace as the schedule has it, until the answer is called. */
export function followSchedule({ schedule, usual, onPace, now = Date.now }: FollowScheduleOptions): () => void {
  let current: ScheduledPace | undefined;
  const look = (): void => {
    const scheduled = scheduleAt(schedule, now());
    if (current !== undefined && scheduled.window === current.window) return;
    const isNews = current !== undefined || scheduled !== UNSCHEDULED;
    current = scheduled;
    if (isNews) onPace(paceOf(scheduled, usual), scheduled);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

/** What the window says; where it says nothing, what is usual. */
function paceOf({ isPaused, concurrency, bandwidthBytesPerSecond }: ScheduledPace, usual: Pace): Pace {
  return {
    concurrency: isPaused ? 0 : (concurrency ?? usual.concurrency),
    bandwidthBytesPerSecond: bandwidthBytesPerSecond ?? usual.bandwidthBytesPerSecond,
  };
}
