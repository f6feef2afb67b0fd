import { copyTally, type CopyCounts } from "../pipeline/copy-counts.ts";
import { copyInProcess } from "../pipeline/copy-in-process.ts";
import type { CopyOptions } from "../pipeline/copy-run.ts";
import { plannedObjects } from "../pipeline/planned-objects.ts";
import { joinedSignal } from "../process/joined-signal.ts";
import type { StageContext } from "./stage-context.ts";
import { removeVanished } from "./remove-vanished.ts";
import { sweepUploads } from "./sweep-uploads.ts";

export interface CopySummary extends CopyCounts {
  /** Our copies of objects that were deleted at the source before their copies were verified. */
  readonly removed: number;
  /** Unfinished uploads of an earlier, killed run that were ended. */
  readonly sweptUploads: number;
  readonly complete: boolean;
}

/**
 * Copies what is planned: one lister, as many transfers at once as the hosts bear, one batched writer. Killed at any point, it
 * goes on with what is still planned, and finds what was in flight at the target.
 */
export async function copy(context: StageContext, options: CopyOptions): Promise<CopySummary> {
  const { ledger, reporter, drain, abort } = context;
  let sweptUploads = await sweepUploads(context);
  let removed = 0;
  const planned = (await ledger.objects.count()).filter((count) => count.state === "planned");
  const progress = reporter.progress({
    stage: "copy",
    totalObjects: planned.reduce((sum, count) => sum + count.objects, 0),
    totalBytes: planned.reduce((sum, count) => sum + count.bytes, 0),
  });
  const tally = copyTally(reporter, progress);
  const writer = ledger.writer({ onCommitted: tally.committed });
  // What stops the run stops the transfers that are under way as well.
  const stopped = new AbortController();
  const signal = joinedSignal(abort, stopped.signal);

  try {
    const run = await copyRunner(options);
    await run(plannedObjects(context, options.order, signal), {
      context,
      options,
      signal,
      record: (change) => writer.add(change),
      note: tally.note,
    }).catch(async (error: unknown) => {
      stopped.abort(error);
      await writer.end().catch(() => undefined);
      throw error;
    });
    await writer.end();
    sweptUploads += await sweepUploads(context);
    removed = await removeVanished(context, options.concurrency);
  } finally {
    stopped.abort(new DOMException("The stage has ended.", "AbortError"));
    progress.end();
  }
  return { ...tally.counts(), removed, sweptUploads, complete: !drain.aborted && !abort.aborted };
}

/** Most runs need one process, and should not pay for the others. */
async function copyRunner({ processes }: CopyOptions): Promise<typeof copyInProcess> {
  if (processes === undefined || processes.count === 1) return copyInProcess;
  const { copyWithChildren } = await import("../pipeline/copy-with-children.ts");
  return copyWithChildren;
}
