import type { Evidence, UploadPartRecord } from "@bucketferry/ledger";
import { looksLikeMd5, type Digests } from "../decide/compare-copies.ts";
import { partsOf, type PartPlan } from "../decide/part-plan.ts";
import { runningDigests, verifiesOnPut } from "./digests.ts";
import { sendFlowingPart } from "./flowing-part.ts";
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
 * Reads every part of the object and sends those that the target does not have, as many at once as there are buffers. The hash
 * of the whole is carried along in order; so a part that the target has is read all the same, for no process can take over
 * the hash of another. Its own hash then shows whether what was sent before is what the source holds.
 *
 * Buffers are handed out in the order of asking, and an object asks for them in the order of its parts; so the part whose
 * turn it is to be hashed always has one, and nobody waits for ever.
 */
export async function sendParts(
  transfer: FoundObject,
  upload: OpenUpload,
  plan: PartPlan,
  context: TransferContext,
): Promise<SentParts> {
  const pieces = untilFailure(context.signal);
  const { signal } = pieces;
  const whole = runningDigests(looksLikeMd5(transfer.info.etag));
  const sending: Sending = { transfer, upload, context, signal, whole };
  const isHeld = plan.partSizeBytes <= context.parts.largestBytes;

  const parts: UploadPartRecord[] = [];
  let mine = Promise.resolve();

  try {
    for (const part of partsOf(plan)) {
      await context.bandwidth.pass(part.length, signal);
      if (!isHeld) {
        parts.push(await sendFlowingPart(part, sending));
        continue;
      }
      const buffer = await context.parts.take(part.length, signal);
      const { promise: next, resolve: over } = Promise.withResolvers<void>();
      const sent = sendHeldPart(part, buffer, { mine, over }, sending);
      void pieces.begin(sent.then((record) => void parts.push(record)));
      mine = next;
    }
  } catch (error) {
    pieces.fail(error);
  }
  await pieces.end();
  return { digests: sending.whole.digests(), parts, evidence: evidenceOf(parts, isHeld, context) };
}

function evidenceOf(parts: readonly UploadPartRecord[], isHeld: boolean, { route }: TransferContext): Evidence | null {
  if (isHeld) return verifiesOnPut(route.target.capabilities) ? "put-checksum" : null;
  return parts.every(({ etag }) => looksLikeMd5(etag)) ? "stored-md5" : null;
}
