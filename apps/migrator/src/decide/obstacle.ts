import type { Selection } from "@bucketferry/config";
import type { ObjectEntry } from "@bucketferry/storage-core";
import { keyProblem, type Capabilities } from "@bucketferry/storage-core/provider";
import { carryHeaders } from "./carry-headers.ts";
import { notCarriedMessage } from "./not-carried.ts";
import type { PlanInput } from "./plan-object.ts";
import { leftOutBy } from "./selected.ts";

/** What `plan` does with the empty objects that dashboards put into empty folders. */
export type PlaceholderPolicy = "skip" | "keep";

export interface ObstacleInput {
  /** As the source lists it. */
  readonly source: Pick<ObjectEntry, "key" | "size" | "lastModified" | "archived" | "contentType" | "cacheControl">;
  readonly targetKey: string;
  /** The manifest has it, or there is no manifest. */
  readonly isNamed: boolean;
  /** Tells the object that is a folder of a key, `a` for `a/b`; told every key that is not left out, in order. */
  readonly folderOf: (targetKey: string) => string | undefined;
}

export interface ObstacleRules {
  readonly target: Pick<Capabilities, "keys" | "maxObjectBytes" | "systemHeaders" | "metadata">;
  /** Undefined: everything is taken up. */
  readonly selection: Selection | undefined;
  readonly placeholders: PlaceholderPolicy;
  readonly archived: "skip" | "copy";
  readonly metadata: "keep-in-ledger" | "fail";
}

/** Why one object cannot or shall not go to the target; undefined when nothing is in the way. */
export function obstacleOf(object: ObstacleInput, rules: ObstacleRules): PlanInput["obstacle"] {
  const { source, targetKey } = object;
  const { target, selection } = rules;
  if (!object.isNamed) return { action: "skip", reason: "not-in-manifest" };
  const leftOut = selection && leftOutBy(selection, source);
  if (leftOut !== undefined) return { action: "skip", reason: leftOut };
  if (rules.placeholders === "skip" && isFolderPlaceholder(source)) {
    return { action: "skip", reason: "folder-placeholder" };
  }
  if (source.archived !== undefined && rules.archived === "skip") return { action: "skip", reason: "archived" };

  const problem = keyProblem(targetKey, target.keys);
  if (problem !== undefined) {
    return { action: "refuse", reason: "key-refused", message: `The key ${problem.reason}. ${problem.fix}.` };
  }
  if (source.size > target.maxObjectBytes) {
    return { action: "refuse", reason: "too-large", message: tooLargeMessage(source.size, target) };
  }
  if (!target.keys.objectBesideFolder) {
    const folder = object.folderOf(targetKey);
    if (folder !== undefined) {
      return {
        action: "refuse",
        reason: "beside-folder",
        message: `The target cannot hold it beside the object ${JSON.stringify(folder)}.`,
      };
    }
  }
  if (rules.metadata === "fail" && (source.contentType !== undefined || source.cacheControl !== undefined)) {
    const { contentType, cacheControl } = source;
    const { notCarried } = carryHeaders({ contentType, cacheControl, metadata: {} }, target);
    if (notCarried !== null) {
      return { action: "refuse", reason: "metadata-not-carried", message: notCarriedMessage(notCarried) };
    }
  }
  return undefined;
}

function tooLargeMessage(sizeBytes: number, target: Pick<Capabilities, "maxObjectBytes">): string {
  return `The object has ${sizeBytes} bytes, the target takes ${target.maxObjectBytes}.`;
}

/**
 * Supabase's dashboard keeps an empty folder alive by an object `.emptyFolderPlaceholder`; S3 consoles make an empty object
 * whose key ends in a slash. Both are empty; a file with bytes is never taken for one.
 */
export function isFolderPlaceholder({ key, size }: { readonly key: string; readonly size: number }): boolean {
  if (size !== 0) return false;
  return key.endsWith("/") || key === ".emptyFolderPlaceholder" || key.endsWith("/.emptyFolderPlaceholder");
}
