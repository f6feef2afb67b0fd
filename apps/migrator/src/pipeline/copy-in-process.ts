import type { ObjectRecord } from "@bucketferry/ledger";
import { copyMemory } from "./copy-memory.ts";
import { copyObjects } from "./copy-objects.ts";
import type { CopyRun } from "./copy-run.ts";
import { followSchedule } from "./follow-schedule.ts";
import { hostLimits } from "./host-limits.ts";
import { tellPace } from "./tell-pace.ts";
import { requestsFor, throttle } from "./throttle.ts";

/** Copies in this process, straight into the ledger. */
export async function copyInProcess(objects: AsyncIterable<ObjectRecord>, run: CopyRun): Promise<void> {
  const { context, options, signal, record, note } = run;
  const usual = {
    concurrency: options.concurrency,
    bandwidthBytesPerSecond: options.bandwidthLimitBytesPerSecond,
  };
  const hosts = context.hosts ?? hostLimits(requestsFor(options.concurrency));
  const pace = throttle(hosts, usual);
  const stopSchedule =
    options.schedule &&
    followSchedule({
      schedule: options.schedule,
      usual,
      onPace: (next, scheduled) => {
        pace.setPace(next);
        tellPace(context.reporter, scheduled);
      },
    });
  try {
    await copyObjects(objects, {
      ...copyMemory(1),
      routes: context.routes,
      record,
      uploads: context.ledger.uploads,
      note,
      reporter: context.reporter,
      throttle: pace,
      drain: context.drain,
      signal,
      partSizeBytes: options.partSizeBytes,
      policy: { metadata: options.metadata, contentType: options.contentType },
      serverSide: options.serverSide,
      patienceMs: options.patienceMs,
    });
  } finally {
    stopSchedule?.();
  }
}
