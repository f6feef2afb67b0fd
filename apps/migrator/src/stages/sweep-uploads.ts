import type { Route } from "@bucketferry/config";
import { isStorageError } from "@bucketferry/storage-core";
import type { StageContext } from "./stage-context.ts";

/**
 * Aborts unfinished uploads of objects that are still to be copied: a process that was killed has left them, nobody can see
 * them in a listing, and they cost money (S25). Only keys that this ledger plans are touched, and the ledger has one owner, so
 * nobody else is writing them.
 */
export async function sweepUploads({ routes, ledger, reporter, abort }: StageContext): Promise<number> {
  let aborted = 0;
  for (const route of routes.filter(({ target }) => target.capabilities.multipart !== false)) {
    try {
      for await (const upload of route.target.multipart.list({ signal: abort })) {
        if (!(await isPlanned(route, upload.key, ledger))) continue;
        await route.target.multipart.abort(upload, { signal: abort });
        aborted++;
      }
    } catch (error) {
      if (abort.aborted || !isStorageError(error)) throw error;
      reporter.event({
        type: "warning",
        code: error.code,
        route: route.name,
        message: `Unfinished uploads could not be looked for: ${error.message}. A lifecycle rule of the bucket should end them.`,
      });
    }
  }
  return aborted;
}

/** Keys stay what they are on the way, so the target's key finds the object. */
async function isPlanned(route: Route, key: string, ledger: StageContext["ledger"]): Promise<boolean> {
  const object = (await ledger.objects.find(route.name, [key])).get(key);
  return object?.state === "planned" && route.targetKey(object.key) === key;
}
