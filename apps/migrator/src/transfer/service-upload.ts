import type { UploadRecord } from "@bucketferry/ledger";
import { killPoint } from "../references/kill-point.ts";
import { partPlan } from "../decide/part-plan.ts";
import { endUpload } from "./end-upload.ts";
import type { FoundObject, TransferContext } from "./transfer.ts";

/** What is remembered of an upload that the target's service fills by itself, since its largest copies go in parts (S25). */
export interface ServiceUpload {
  /** For the `onUpload` of a copy. */
  readonly onUpload: (uploadId: string | undefined) => Promise<void>;
  /** What it threw out of `onUpload`: no failure of the target's, though it comes back through it. */
  failure(): { readonly error: unknown } | undefined;
  /** The copy is there, so there is no upload any more. */
  completed(): Promise<void>;
}

/**
 * Keeps such an upload on record as those of our own: first that one is asked for, then its id, and only then is a part
 * copied. The service ends it where a copy fails; what it could not end, and what a killed process has left, is ended by the next
 * attempt or after the run.
 */
export function serviceUpload({ object, info }: FoundObject, context: TransferContext): ServiceUpload {
  const { route, uploads, signal } = context;
  let asked: UploadRecord | undefined;
  let failure: { readonly error: unknown } | undefined;

  const ask = async (): Promise<void> => {
    const remembered = await uploads.find(route.name, object.key);
    if (remembered !== undefined) await endUpload(route.target, remembered, signal);
    const { multipart } = route.target.capabilities;
    const plan = multipart === false ? undefined : partPlan(info.size, context.partSizeBytes, multipart);
    asked = {
      route: route.name,
      key: object.key,
      uploadId: null,
      targetKey: object.targetKey,
      sourceEtag: info.etag,
      size: info.size,
      // Of our own parts, should a later attempt go on with it the ordinary way.
      partSizeBytes: plan?.partSizeBytes ?? info.size,
      startedAt: Date.now(),
    };
    await uploads.start(asked);
    killPoint("service-upload:before-create");
  };

  const record = async (uploadId: string | undefined): Promise<void> => {
    if (uploadId === undefined || asked === undefined) return ask();
    killPoint("service-upload:created");
    await uploads.start({ ...asked, uploadId });
    killPoint("service-upload:recorded");
  };

  return {
    onUpload: (uploadId) =>
      record(uploadId).catch((error: unknown) => {
        failure = { error };
        throw error;
      }),
    failure: () => failure,
    async completed() {
      if (asked === undefined) return;
      await uploads.forget(route.name, object.key);
    },
  };
}
