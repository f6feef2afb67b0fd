import type { Call } from "./call.ts";
import { judgeWrite } from "./conditions.ts";
import type { Profile, Support } from "./profiles.ts";
import { invalidArgument, notImplemented, S3Error } from "./s3-error.ts";
import type { S3Object } from "./shape.ts";

export interface WriteConditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** Conditions that this service honours for this operation; those that it ignores are gone, those it lacks are refused. */
export function readWriteConditions(
  call: Call,
  support: { readonly ifNoneMatch: Support; readonly ifMatch: Profile["conditions"]["putIfMatch"] },
): WriteConditions {
  const ifNoneMatch = supported(call, "if-none-match", support.ifNoneMatch);
  const ifMatch = supported(call, "if-match", support.ifMatch);
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw notImplemented("If-None-Match with an ETag on a write");
  }
  if (ifNoneMatch !== undefined && ifMatch !== undefined) {
    throw invalidArgument("If-Match", ifMatch, "If-Match and If-None-Match cannot be used together");
  }
  return { ifMatch, ifNoneMatch };
}

function supported(call: Call, header: string, support: Profile["conditions"]["putIfMatch"]): string | undefined {
  const value = call.header(header);
  switch (support) {
    case "honoured":
      return value;
    case "ignored":
      return undefined;
    case "notImplemented":
      if (value !== undefined) throw notImplemented(header);
      return undefined;
    case "unquoted":
      // A value that no ETag is equal to stands for "never matches".
      return value?.startsWith('"') === true ? "quoted" : value;
  }
}

/** Throws the refusal of a write whose condition does not hold. Call it in the same tick as the write. */
export function checkWriteConditions(call: Call, conditions: WriteConditions, current: S3Object | undefined): void {
  const validators = current && { etag: current.attributes.etag, modifiedAtMs: current.modifiedAtMs };
  switch (judgeWrite(conditions, validators)) {
    case "proceed":
      return;
    case "missing":
      throw new S3Error(call.server.profile.ifMatchOnMissing);
    case "preconditionFailed":
      throw new S3Error("PreconditionFailed", {
        fields: { Condition: conditions.ifNoneMatch === undefined ? "If-Match" : "If-None-Match" },
      });
  }
}
