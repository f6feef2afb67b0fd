import { StorageError } from "@bucketferry/storage-core";
import type { Verdict } from "@bucketferry/storage-core/provider";
import { connectionRow, errorCode } from "./connection-errors.ts";
import { judge } from "./s3-error-table.ts";
import { S3AnswerError, S3ConnectionError } from "./s3-failures.ts";
import type { AnswerHeaders } from "./s3-lane.ts";

/** Longest piece of the service's own words that a message repeats. */
const DETAIL_LENGTH = 200;

/** Names whatever the driver's methods can throw. Pure; the clock is passed since `Retry-After` may be a date. */
export function classify(error: unknown, now: number = Date.now()): Verdict | undefined {
  if (error instanceof S3AnswerError) return answerVerdict(error, now);
  if (error instanceof S3ConnectionError) return connectionVerdict(error);
  return sdkVerdict(error, now);
}

function answerVerdict(error: S3AnswerError, now: number): Verdict {
  const { says, ...judgement } = judge(error);
  const { status, code, detail, headers, region } = error;
  // What a signature error quotes is the signed request, so nothing of the service's own words is repeated there.
  const quotes = judgement.code !== "Unauthenticated" && detail !== "" && !error.foreign;
  const words = quotes ? `: ${detail.slice(0, DETAIL_LENGTH)}` : "";
  return {
    ...judgement,
    applied: error.request.reads === true ? undefined : judgement.applied,
    message: `${says} (${status}${code === "" ? "" : ` ${code}`})${words}`,
    ...(judgement.code === "InvalidConfig" && region !== undefined ? { hint: `Set region: "${region}"` } : {}),
    status,
    requestId: headers["x-amz-request-id"],
    retryAfterMs: retryAfter(headers["retry-after"], now),
  };
}

/** RFC 9110 §10.2.3: seconds, or a date. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function connectionVerdict({ cause, applied }: S3ConnectionError): Verdict {
  const { code, says, hint, unsent } = connectionRow(cause);
  return { code, message: says, hint, applied: unsent === true ? undefined : applied };
}

/** What a failure in the middle of an object's body is: a body that ended early, unless it only stood still. */
export function bodyError(error: unknown): StorageError {
  const { code, says, hint } = connectionRow(error);
  return code === "Timeout"
    ? new StorageError(code, says, { hint, cause: error })
    : new StorageError("IncompleteBody", `the body ended early: ${says}`, { cause: error });
}

/** An exception of the AWS SDK: its name is the code, the rest is in `$metadata` and `$response`. */
function sdkVerdict(error: unknown, now: number): Verdict | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) {
    return error instanceof Error && errorCode(error) !== ""
      ? connectionVerdict(new S3ConnectionError(error, undefined))
      : undefined;
  }
  const { httpStatusCode, requestId } = error.$metadata as { httpStatusCode?: number; requestId?: string };
  const response = "$response" in error ? (error.$response as { headers?: AnswerHeaders } | undefined) : undefined;
  if (httpStatusCode === undefined) return connectionVerdict(new S3ConnectionError(error, undefined));
  const document = `<Error><Code>${error.name === "Unknown" ? "" : error.name}</Code></Error>`;
  const headers = { "x-amz-request-id": requestId, ...response?.headers };
  return answerVerdict(new S3AnswerError(httpStatusCode, headers, document), now);
}
