import { keyProblem, type Capabilities } from "@bucketferry/storage-core/provider";
import type { PlanInput } from "./plan-object.ts";

/** What `plan` does with the empty objects that dashboards put into empty folders. */
export type PlaceholderPolicy = "skip" | "keep";

export interface ObstacleInput {
  readonly key: string;
  readonly targetKey: string;
  readonly size: number;
  /** A key that is a folder of this one: `a` for `a/b`. */
  readonly folderObject: string | undefined;
}

export interface ObstacleRules {
  readonly target: Pick<Capabilities, "keys" | "maxObjectBytes">;
  readonly placeholders: PlaceholderPolicy;
}

/** Why one object cannot or shall not go to the target; undefined when nothing is in the way. */
export function obstacleOf(object: ObstacleInput, rules: ObstacleRules): PlanInput["obstacle"] {
  if (rules.placeholders === "skip" && isFolderPlaceholder(object)) {
    return { action: "skip", reason: "folder-placeholder" };
  }
  const problem = keyProblem(object.targetKey, rules.target.keys);
  if (problem !== undefined) {
    return { action: "refuse", reason: "key-refused", message: `The key ${problem.reason}. ${problem.fix}.` };
  }
  if (object.size > rules.target.maxObjectBytes) {
    return {
      action: "refuse",
      reason: "too-large",
      message: `The object has ${object.size} bytes, the target takes ${rules.target.maxObjectBytes}.`,
    };
  }
  if (object.folderObject !== undefined && !rules.target.keys.objectBesideFolder) {
    return {
      action: "refuse",
      reason: "beside-folder",
      message: `The target cannot hold it beside the object ${JSON.stringify(object.folderObject)}.`,
    };
  }
  return undefined;
}

/**
 * Supabase's dashboard keeps an empty folder alive by an object `.emptyFolderPlaceholder`; S3 consoles make an empty object
 * whose key ends in a slash. Both are empty; a file with bytes is never taken for one.
 */
export function isFolderPlaceholder({ key, size }: { readonly key: string; readonly size: number }): boolean {
  if (size !== 0) return false;
  return key.endsWith("/") || key === ".emptyFolderPlaceholder" || key.endsWith("/.emptyFolderPlaceholder");
}
