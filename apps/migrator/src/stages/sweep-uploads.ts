import type { Route } from "@bucketferry/config";
import type { UploadRecord } from "@bucketferry/ledger";
import { isStorageError } from "@bucketferry/storage-core";
import { endUpload } from "../transfer/end-upload.ts";
import { SideFailure } from "../transfer/side-failure.ts";
import type { StageContext } from "./stage-context.ts";

/**
 * Ends the unfinished uploads that the ledger knows and no transfer will go on with: nobody can see them in a listing, and
 * they cost money (S25). Those of objects that are still planned stay, since their parts need not be sent again. What else
 * is unfinished under the keys of this ledger may be an application that uploads at this moment; it is told of, and left alone.
 */
export async function sweepUploads(context: StageContext): Promise<number> {
  let ended = 0;
  for (const route of context.routes) {
    if (route.target.capabilities.multipart === false) continue;
    try {
      ended += await endRecorded(route, context);
      await tellOfOthers(route, context);
    } catch (error) {
      const failure = error instanceof SideFailure ? error.failure : error;
      if (context.abort.aborted || !isStorageError(failure)) throw error;
      warn(
        context,
        route,
        failure.code,
        `Unfinished uploads could not be ended: ${failure.message}. The next run tries again; a lifecycle rule of the bucket should end them too.`,
      );
    }
  }
  return ended;
}

async function endRecorded(route: Route, { ledger, abort }: StageContext): Promise<number> {
  let ended = 0;
  for await (const upload of ledger.uploads.walk(route.name)) {
    if (await goesOn(upload, ledger)) continue;
    ended += await endUpload(route.target, upload, abort);
    await ledger.uploads.forget(upload.route, upload.key);
  }
  return ended;
}

async function goesOn({ route, key }: UploadRecord, ledger: StageContext["ledger"]): Promise<boolean> {
  return (await ledger.objects.find(route, [key])).get(key)?.state === "planned";
}

const NAMED = 3;

async function tellOfOthers(route: Route, context: StageContext): Promise<void> {
  const { ledger, abort } = context;
  const keys: string[] = [];
  let count = 0;
  for await (const { key, uploadId } of route.target.multipart.list({ signal: abort })) {
    // Keys stay what they are on the way, so the target's key finds the object.
    const object = (await ledger.objects.find(route.name, [key])).get(key);
    if (object === undefined || (await ledger.uploads.find(route.name, key))?.uploadId === uploadId) continue;
    count++;
    if (keys.length < NAMED) keys.push(key);
  }
  if (count === 0) return;
  const others = count > keys.length ? ` and ${count - keys.length} more` : "";
  warn(
    context,
    route,
    "ForeignUploads",
    `The target has ${count} unfinished uploads under keys of this route that this ledger did not begin (${keys.join(", ")}${others}). ` +
      "They are left alone: an application may be sending them.",
  );
}

function warn({ reporter }: StageContext, { name }: Route, code: string, message: string): void {
  reporter.event({ type: "warning", code, route: name, message });
}
