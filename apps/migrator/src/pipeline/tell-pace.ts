import type { ScheduledPace } from "../decide/schedule.ts";
import { formatBytes } from "../report/format.ts";
import type { Reporter } from "../report/reporter.ts";

/** Says that a window of the schedule has opened or closed. */
export function tellPace(reporter: Pick<Reporter, "event">, pace: ScheduledPace): void {
  reporter.event({
    type: "schedule",
    window: pace.window,
    paused: pace.isPaused,
    concurrency: pace.concurrency,
    bandwidthBytesPerSecond: pace.bandwidthBytesPerSecond,
    message: sentence(pace),
  });
}

function sentence({ window, isPaused, concurrency, bandwidthBytesPerSecond }: ScheduledPace): string {
  if (window === undefined) return "No window of the schedule is open: going on at the usual pace.";
  if (isPaused) return `Paused by the schedule (${window}): nothing new is begun until the window closes.`;
  const limits = [
    ...(concurrency === undefined ? [] : [`${concurrency} objects at once`]),
    ...(bandwidthBytesPerSecond === undefined ? [] : [`${formatBytes(bandwidthBytesPerSecond)} a second`]),
  ];
  return `The schedule (${window}) allows ${limits.join(" and ")}.`;
}
