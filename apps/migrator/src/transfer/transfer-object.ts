import type { ObjectRecord } from "@bucketferry/ledger";
import { StorageError, type Capabilities, type ObjectInfo } from "@bucketferry/storage-core";
import { copyWayOf, type CopyWay } from "../decide/copy-way.ts";
import { partPlan } from "../decide/part-plan.ts";
import { putModeOf } from "../decide/put-condition.ts";
import { goesServerSide, SERVER_SIDE_BYTES } from "../decide/server-side.ts";
import { carry } from "./carry.ts";
import { transferInParts } from "./in-parts.ts";
import { transferServerSide } from "./server-side.ts";
import { at, SideFailure } from "./side-failure.ts";
import { transferStreamed } from "./streamed-body.ts";
import type { FoundObject, TransferContext, TransferOutcome } from "./transfer.ts";
import { transferWhole } from "./whole-body.ts";

/**
 * Copies one object, once. What the size says at the moment of reading chooses the way, not what a listing said before.
 * @throws SideFailure for whatever the two services answer
 */
export async function transferObject(object: ObjectRecord, context: TransferContext): Promise<TransferOutcome> {
  const { source } = context.route;
  const { signal } = context;
  // The parts of a large object are read when there is memory for them, so there is no body to open at first.
  const mayGoServerSide = context.serverSide !== undefined && object.size >= SERVER_SIDE_BYTES;
  if (mayGoServerSide || wayOf(object.size, context) === "parts") {
    const info = await at("source", source.head(object.key, { signal }));
    const outcome = await serverSide(object, info, context);
    if (outcome !== undefined) return outcome;
    if (wayOf(info.size, context) === "parts") return inParts(object, info, context);
  }
  const opened = await at("source", source.get(object.key, { signal }));
  const { info } = opened;
  const way = wayOf(info.size, context);
  if (way === "parts") {
    await opened.cancel();
    return inParts(object, info, context);
  }
  const { conditionalPut, conditionalMultipart, maxPutBytes } = context.route.target.capabilities;
  const conditions = info.size <= maxPutBytes ? conditionalPut : conditionalMultipart;
  let found: FoundObject;
  try {
    demandUsable(object, info, context);
    found = foundObject(object, info, conditions, context);
  } catch (error) {
    await opened.cancel();
    throw error;
  }
  const transfer = { ...found, opened };
  return way === "whole" ? transferWhole(transfer, context) : transferStreamed(transfer, context);
}

async function serverSide(
  object: ObjectRecord,
  info: ObjectInfo,
  context: TransferContext,
): Promise<TransferOutcome | undefined> {
  const { capabilities } = context.route.target;
  if (context.serverSide === undefined || !goesServerSide(info, capabilities)) return undefined;
  demandUsable(object, info, context);
  const found = foundObject(object, info, capabilities.conditionalCopy, context);
  return transferServerSide(found, context.serverSide, context);
}

async function inParts(object: ObjectRecord, info: ObjectInfo, context: TransferContext): Promise<TransferOutcome> {
  demandUsable(object, info, context);
  const { multipart, conditionalMultipart } = context.route.target.capabilities;
  const remembered = await context.uploads.find(context.route.name, object.key);
  // An upload that was begun keeps the size of its parts.
  const wanted = remembered?.size === info.size ? remembered.partSizeBytes : context.partSizeBytes;
  const plan = multipart === false ? undefined : partPlan(info.size, wanted, multipart);
  if (plan === undefined) throw tooLarge(object, info, "more than its parts can hold");
  return transferInParts(foundObject(object, info, conditionalMultipart, context), plan, remembered, context);
}

function wayOf(sizeBytes: number, { route: { source, target } }: TransferContext): CopyWay {
  return copyWayOf(sizeBytes, source.capabilities, target.capabilities);
}

function foundObject(
  object: ObjectRecord,
  info: ObjectInfo,
  conditions: Capabilities["conditionalPut"],
  context: TransferContext,
): FoundObject {
  return {
    object,
    info,
    mode: putModeOf(object, conditions),
    carried: carry(object, info, context),
  };
}

function demandUsable(object: ObjectRecord, info: ObjectInfo, { route: { target } }: TransferContext): void {
  if (info.etag === object.etag && info.size !== object.size) {
    const message = `The source lists ${object.size} bytes under this ETag and sends ${info.size}.`;
    throw new SideFailure("source", new StorageError("IncompleteBody", message, { key: object.key }));
  }
  const { maxObjectBytes } = target.capabilities;
  if (info.size > maxObjectBytes) throw tooLarge(object, info, `more than the ${maxObjectBytes} that the target takes`);
}

function tooLarge({ targetKey }: ObjectRecord, { size }: ObjectInfo, why: string): SideFailure {
  return new SideFailure(
    "target",
    new StorageError("TooLarge", `The object has ${size} bytes, ${why}.`, { key: targetKey }),
  );
}
