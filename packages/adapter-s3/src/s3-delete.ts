import { hash } from "node:crypto";
import { StorageError, type DeleteOptions, type DeleteOutcome, type OperationOptions } from "@bucketferry/storage-core";
import type { S3Context } from "./s3-context.ts";
import { classify } from "./s3-errors.ts";
import { S3AnswerError } from "./s3-failures.ts";
import { writeConditionHeaders } from "./s3-headers.ts";
import { successDocument } from "./s3-multipart.ts";
import { XML_CHARACTERS } from "./s3-profiles.ts";
import { escapeXml } from "./s3-xml.ts";

export async function deleteObject({ client, config }: S3Context, key: string, options: DeleteOptions): Promise<void> {
  const { ifMatch, version, signal } = options;
  try {
    await client.head({
      method: "DELETE",
      key,
      ...(version === undefined ? {} : { query: { versionId: version } }),
      headers: writeConditionHeaders({ ifMatch }, config.profile),
      demanded: ifMatch === undefined ? undefined : "replace",
      signal,
    });
  } catch (error) {
    // Some services tell that there was nothing to delete. With a condition that is an answer, without one it is success.
    const wasMissing = error instanceof S3AnswerError && error.status === 404 && error.code === "NoSuchKey";
    if (!wasMissing || ifMatch !== undefined) throw error;
  }
}

/**
 * Keys that can be said in XML and come back from it as they were. A carriage return can be written as a reference, but
 * one key that a service's parser trips over makes the whole request fail, so such keys are deleted one by one.
 */
const IN_XML = new RegExp(`^(?:(?!\\r)${XML_CHARACTERS})*$`, "u");

export async function deleteBatch(
  context: S3Context,
  keys: readonly string[],
  options: OperationOptions,
): Promise<readonly DeleteOutcome[]> {
  const together = keys.filter((key) => IN_XML.test(key));
  const apart = keys.filter((key) => !IN_XML.test(key));
  const outcomes = together.length === 0 ? [] : await deleteTogether(context, together, options);
  const isOpen = ({ error }: DeleteOutcome): boolean =>
    context.config.profile.deniesMissingDeletes && error?.code === "PermissionDenied";
  // Asked for alone, a key that is not there and one that is denied are told apart.
  apart.push(...outcomes.filter(isOpen).map(({ key }) => key));
  return [...outcomes.filter((outcome) => !isOpen(outcome)), ...(await deleteEach(context, apart, options))];
}

async function deleteEach(
  context: S3Context,
  keys: readonly string[],
  options: OperationOptions,
): Promise<readonly DeleteOutcome[]> {
  const outcomes: DeleteOutcome[] = [];
  const rest = keys.values();
  const worker = async (): Promise<void> => {
    for (const key of rest) outcomes.push(await deleteApart(context, key, options));
  };
  await Promise.all(Array.from({ length: context.config.concurrency }, worker));
  return outcomes;
}

async function deleteTogether(
  { client }: S3Context,
  keys: readonly string[],
  { signal }: OperationOptions,
): Promise<DeleteOutcome[]> {
  const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join("");
  const body = Buffer.from(
    `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${objects}</Delete>`,
  );
  const { headers, text } = await client.text({
    method: "POST",
    query: { delete: "" },
    // The one header that every service takes as the integrity check that this request must have.
    headers: { "content-type": "application/xml", "content-md5": hash("md5", body, "base64") },
    body,
    // A thousand keys took OpenStack Swift 2.30 on a busy machine 26 to 42 seconds.
    slow: true,
    signal,
  });
  // The request succeeds even when none of its deletes did: each failure is an entry of its own.
  const result = successDocument(text, "DeleteResult", headers);
  const failures = new Map(
    result
      .all("Error")
      .map((error) => [
        error.textOf("Key") ?? "",
        { code: error.textOf("Code") ?? "", message: error.textOf("Message") ?? "" },
      ]),
  );
  const asked = new Set(keys);
  if ([...failures.keys()].some((key) => !asked.has(key))) {
    throw new StorageError("Unavailable", "the service reports the failure of a key that was not in the request");
  }
  return keys.map((key) => {
    const failure = failures.get(key);
    return failure === undefined || failure.code === "NoSuchKey" ? { key } : { key, error: keyError(key, failure) };
  });
}

const STATUS_OF: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  InternalError: 500,
  SlowDown: 503,
  ServiceUnavailable: 503,
  NoSuchBucket: 404,
  NoSuchVersion: 404,
  OperationAborted: 409,
  NotImplemented: 501,
};

function keyError(key: string, { code, message }: { readonly code: string; readonly message: string }): StorageError {
  const document = `<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return storageError(key, new S3AnswerError(STATUS_OF[code] ?? 400, {}, document));
}

async function deleteApart(context: S3Context, key: string, options: OperationOptions): Promise<DeleteOutcome> {
  try {
    await deleteObject(context, key, options);
    return { key };
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    return { key, error: storageError(key, error) };
  }
}

function storageError(key: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code, message, ...details } = classify(error) ?? {
    code: "Unknown" as const,
    message: "an unexpected error, see its cause",
  };
  return new StorageError(code, `s3: deleteMany ${JSON.stringify(key)}: ${message}`, {
    provider: "s3",
    operation: "deleteMany",
    key,
    ...details,
    cause: error,
  });
}
