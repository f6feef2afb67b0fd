import type { UploadPartRecord } from "@bucketferry/ledger";
import type { GetResult } from "@bucketferry/storage-core";
import type { PartRange } from "../decide/part-plan.ts";
import { killPoint } from "../references/kill-point.ts";
import type { OpenUpload } from "./open-upload.ts";
import { openPinned } from "./pinned-range.ts";
import type { FoundObject, TransferContext } from "./transfer.ts";

/** What the parts of one object share while they are sent. */
export interface Sending {
  readonly transfer: FoundObject;
  readonly upload: OpenUpload;
  readonly context: TransferContext;
  readonly signal: AbortSignal;
}

export function openPart(
  { offset, length }: PartRange,
  { transfer, context, signal }: Sending,
  into?: Uint8Array,
): Promise<GetResult> {
  return openPinned(context.route.source, transfer.info, { range: { offset, length }, into, signal });
}

/** The target has the part. It counts when that is on record. */
export async function recordPart(part: UploadPartRecord, { transfer, context }: Sending): Promise<UploadPartRecord> {
  killPoint("upload:part-sent");
  await context.uploads.addPart(context.route.name, transfer.object.key, part);
  killPoint("upload:part-recorded");
  context.onBytes(part.size);
  return part;
}
