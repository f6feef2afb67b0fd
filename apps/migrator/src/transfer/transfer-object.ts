import type { ObjectRecord } from "@bucketferry/ledger";
import { StorageError } from "@bucketferry/storage-core";
import { carryHeaders } from "../decide/carry-headers.ts";
import { putModeOf } from "../decide/put-condition.ts";
import { at, SideFailure } from "./side-failure.ts";
import { transferStreamed } from "./streamed-body.ts";
import type { TransferContext, TransferOutcome } from "./transfer.ts";
import { transferWhole, WHOLE_BODY_BYTES } from "./whole-body.ts";

/**
 * Copies one object, once. What the size says at the moment of reading chooses the way, not what a listing said before.
 * @throws SideFailure for whatever the two services answer
 */
export async function transferObject(object: ObjectRecord, context: TransferContext): Promise<TransferOutcome> {
  const { source, target } = context.route;
  const { signal } = context;
  const opened = await at("source", source.get(object.key, { signal }));
  const { info } = opened;

  if (info.etag === object.etag && info.size !== object.size) {
    await opened.cancel();
    throw new SideFailure(
      "source",
      new StorageError(
        "IncompleteBody",
        `The source lists ${object.size} bytes under this ETag and sends ${info.size}.`,
        { key: object.key },
      ),
    );
  }
  if (info.size > target.capabilities.maxObjectBytes) {
    await opened.cancel();
    throw new SideFailure(
      "target",
      new StorageError(
        "TooLarge",
        `The object has ${info.size} bytes, the target takes ${target.capabilities.maxObjectBytes}.`,
        {
          key: object.targetKey,
        },
      ),
    );
  }

  const transfer = {
    object,
    opened,
    mode: putModeOf(object, info.size, target.capabilities),
    carried: carryHeaders(info, target.capabilities),
  };
  return info.size <= WHOLE_BODY_BYTES ? transferWhole(transfer, context) : transferStreamed(transfer, context);
}
