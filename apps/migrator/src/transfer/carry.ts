import type { ObjectRecord } from "@bucketferry/ledger";
import { StorageError, type ObjectInfo } from "@bucketferry/storage-core";
import { carryHeaders, type CarriedHeaders } from "../decide/carry-headers.ts";
import { repairedContentType } from "../decide/content-type.ts";
import { notCarriedMessage } from "../decide/not-carried.ts";
import { SideFailure } from "./side-failure.ts";
import type { TransferContext } from "./transfer.ts";

/**
 * What goes along with an object's bytes: what the source stored, as far as the target can hold it.
 * @throws SideFailure where something stays behind and the policy is that nothing may
 */
export function carry(
  object: ObjectRecord,
  info: ObjectInfo,
  { route: { target }, policy }: Pick<TransferContext, "route" | "policy">,
): CarriedHeaders {
  const repaired = policy.contentType === "repair" ? repairedContentType(object.key, info.contentType) : undefined;
  const carried = carryHeaders({ ...info, contentType: repaired ?? info.contentType }, target.capabilities);
  if (carried.notCarried === null || policy.metadata === "keep-in-ledger") return carried;
  throw new SideFailure(
    "target",
    new StorageError("Unsupported", notCarriedMessage(carried.notCarried), { key: object.targetKey }),
  );
}
