import type { Evidence, Ledger, NotCarried, ObjectRecord } from "@bucketferry/ledger";
import type { GetResult, ObjectInfo, PutOptions, PutResult } from "@bucketferry/storage-core";
import type { Route, WithinService } from "@bucketferry/config";
import type { CarriedHeaders } from "../decide/carry-headers.ts";
import type { Digests } from "../decide/compare-copies.ts";
import type { PutMode } from "../decide/put-condition.ts";
import type { CarryPolicy } from "./carry-policy.ts";
import type { Bandwidth } from "./bandwidth.ts";
import type { PartBuffers } from "./part-buffers.ts";

/** What a transfer records of an upload in parts, so that another process can go on with it. */
export type UploadJournal = Pick<Ledger["uploads"], "start" | "addPart" | "find" | "forget">;

/** What all transfers of one route share. */
export interface TransferContext {
  readonly route: Pick<Route, "name" | "source" | "target">;
  /** What happens to headers and metadata that the target cannot hold, or that say nothing. */
  readonly policy: CarryPolicy;
  /** Where the target's service finds the source's objects, when it may copy them by itself. */
  readonly serverSide: WithinService | undefined;
  readonly bandwidth: Bandwidth;
  /** Smallest size of the parts of a large object; undefined: our choice. */
  readonly partSizeBytes: number | undefined;
  /** Memory for parts, all transfers together. */
  readonly parts: PartBuffers;
  /** What is remembered of uploads in parts; the ledger, or somebody who speaks to it. */
  readonly uploads: UploadJournal;
  readonly signal: AbortSignal;
  /** Bytes of bodies as they pass, for the display. */
  readonly onBytes: (bytes: number) => void;
  /**
   * Judges the source's ETag against the bytes that were read.
   * @throws SideFailure when this source's ETags are MD5s and these bytes are not what it stored
   */
  readonly checkMd5: (info: ObjectInfo, digests: Digests) => Promise<void>;
}

/** One object, as the source has it now. */
export interface FoundObject {
  readonly object: ObjectRecord;
  readonly info: ObjectInfo;
  readonly mode: PutMode;
  readonly carried: CarriedHeaders;
}

/** One object whose body is open at the source; `info` is that of the body. */
export interface OpenedObject extends FoundObject {
  readonly opened: GetResult;
}

/** What became of one object. */
export type TransferOutcome =
  | {
      readonly kind: "copied" | "adopted";
      readonly info: ObjectInfo;
      readonly digests: Digests;
      readonly targetEtag: string;
      readonly targetSize: number;
      readonly evidence: Evidence | null;
      readonly notCarried: NotCarried | null;
    }
  /** The source changed while it was read: what was put is an old version. Begin again. */
  | { readonly kind: "changed"; readonly put: PutResult | undefined }
  /** The source has it no more. */
  | { readonly kind: "vanished" }
  /** The target holds something else under this key. */
  | { readonly kind: "occupied"; readonly message: string };

/** The part of the put options that follows from what the plan expects at the target. */
export function conditionOf(mode: PutMode): Pick<PutOptions, "ifMatch" | "ifNoneMatch"> {
  if (mode.mode === "create" && mode.ifNoneMatch !== undefined) return { ifNoneMatch: mode.ifNoneMatch };
  if (mode.mode === "replace" && mode.ifMatch !== undefined) return { ifMatch: mode.ifMatch };
  return {};
}

/** Headers and metadata as the put takes them: what is undefined stays away. */
export function headersOf({ headers, metadata }: CarriedHeaders): PutOptions {
  return metadata === undefined ? headers : { ...headers, metadata };
}
