import type { Evidence, UploadPartRecord } from "@bucketferry/ledger";
import { looksLikeMd5, type Digests } from "../decide/compare-copies.ts";
import { partsOf, type PartPlan } from "../decide/part-plan.ts";
import { runningDigests, verifiesOnPut } from "./digests.ts";
import { sendFlowingPart } from "./flowing-part.ts";
import { heldDigests } from "./held-digests.ts";
import { sendHeldPart } from "./held-part.ts";
import type { OpenUpload } from "./open-upload.ts";
import type { Sending } from "./sending.ts";
import type { FoundObject, TransferContext } from "./transfer.ts";
import { untilFailure } from "./until-failure.ts";

export interface SentParts {
  readonly digests: Digests;
  /** All parts of the object. */
  readonly parts: readonly UploadPartRecord[];
  /** What proves that the parts at the target are the ones that were read. */
  readonly evidence: Evidence | null;
}

/**
 * Reads every part of the object and sends those that the target does not have. The hash of the whole is carried along in order; so
 * a part that the target has is read all the same, for no process can take over the hash of another. Its own hash then shows
 * whether what was sent before is what the source holds.
 */
export async function sendParts(
  transfer: FoundObject,
  upload: OpenUpload,
  plan: PartPlan,
  context: TransferContext,
): Promise<SentParts> {
  const sending = { transfer, upload, context, signal: context.signal };
  return plan.partSizeBytes <= context.parts.largestBytes
    ? sendHeldParts(plan, sending)
    : sendFlowingParts(plan, sending);
}

/**
 * As many parts at once as there are buffers. These are handed out in the order of asking, and an object asks for them in the
 * order of its parts; so the part whose turn it is to be hashed always has one, and nobody waits for ever.
 */
async function sendHeldParts(plan: PartPlan, { context, ...rest }: Sending): Promise<SentParts> {
  const pieces = untilFailure(context.signal);
  const { signal } = pieces;
  const sending: Sending = { ...rest, context, signal };
  const whole = heldDigests(looksLikeMd5(rest.transfer.info.etag));
  const parts: UploadPartRecord[] = [];
  let mine = Promise.resolve();
  try {
    for (const part of partsOf(plan)) {
      await context.bandwidth.pass(part.length, signal);
      const buffer = await context.parts.take(part.length, signal);
      const { promise: next, resolve: over } = Promise.withResolvers<void>();
      const sent = sendHeldPart(part, buffer, { mine, over }, whole, sending);
      void pieces.begin(sent.then((record) => void parts.push(record)));
      mine = next;
    }
  } catch (error) {
    pieces.fail(error);
  }
  await pieces.end();
  const evidence = verifiesOnPut(context.route.target.capabilities) ? "put-checksum" : null;
  return { digests: whole.digests(), parts, evidence };
}

/** One after the other. */
async function sendFlowingParts(plan: PartPlan, sending: Sending): Promise<SentParts> {
  const { context, signal, transfer } = sending;
  const parts: UploadPartRecord[] = [];
  let whole = runningDigests(looksLikeMd5(transfer.info.etag));
  for (const part of partsOf(plan)) {
    await context.bandwidth.pass(part.length, signal);
    const sent = await sendFlowingPart(part, whole, sending);
    parts.push(sent.record);
    whole = sent.whole;
  }
  const evidence = parts.every(({ etag }) => looksLikeMd5(etag)) ? "stored-md5" : null;
  return { digests: whole.digests(), parts, evidence };
}
