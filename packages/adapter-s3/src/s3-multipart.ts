import { hash } from "node:crypto";
import {
  StorageError,
  type Checksum,
  type ListedPart,
  type MultipartCompleteOptions,
  type MultipartCreateOptions,
  type MultipartUpload,
  type OperationOptions,
  type PutResult,
  type UploadedPart,
  type UploadPartOptions,
} from "@bucketferry/storage-core";
import type { BodySource, DriverMultipart } from "@bucketferry/storage-core/provider";
import type { RequestHeaders } from "./s3-client.ts";
import { S3AnswerError } from "./s3-failures.ts";
import type { S3Context } from "./s3-context.ts";
import { headObject } from "./s3-get.ts";
import { etagOf, storedHeaders, versionOf, writeCondition, writeConditionHeaders } from "./s3-headers.ts";
import type { AnswerHeaders } from "./s3-lane.ts";
import { cutParts } from "./cut-parts.ts";
import { decodeListed } from "./s3-list.ts";
import { escapeXml, parseXml, type XmlElement } from "./s3-xml.ts";
import { UNSIGNED_PAYLOAD } from "./sigv4.ts";

export type PartReference = Pick<UploadedPart, "partNumber" | "etag">;

export async function createUpload(
  { client, capabilities }: S3Context,
  key: string,
  options: MultipartCreateOptions,
): Promise<MultipartUpload> {
  const { text } = await client.text({
    method: "POST",
    key,
    query: { uploads: "" },
    headers: storedHeaders(options, capabilities.defaultContentType),
    signal: options.signal,
  });
  const uploadId = parseXml(text, "InitiateMultipartUploadResult").textOf("UploadId");
  if (!uploadId) throw new StorageError("Unavailable", "the service began an upload in parts without naming it");
  return { key, uploadId };
}

/** Sends one part, with a hash that the service verifies where its bytes are in memory or the caller has given one. */
export async function sendPart(
  context: S3Context,
  { key, uploadId }: MultipartUpload,
  partNumber: number,
  body: { readonly bytes: Uint8Array } | { readonly stream: AsyncIterable<Uint8Array>; readonly length: number },
  { checksum, signal }: UploadPartOptions,
): Promise<UploadedPart> {
  const bytes = "bytes" in body ? body.bytes : undefined;
  const { headers, payloadSha256 } = partIntegrity(context, checksum, bytes);
  const size = "bytes" in body ? body.bytes.byteLength : body.length;
  const answer = await context.client.head({
    method: "PUT",
    key,
    query: { partNumber: String(partNumber), uploadId },
    headers: "bytes" in body ? headers : { ...headers, "content-length": String(size) },
    body: "bytes" in body ? body.bytes : body.stream,
    payloadSha256,
    signal,
  });
  const etag = etagOf(answer["etag"]);
  if (etag === "")
    throw new StorageError("Unavailable", `the service took part ${partNumber} without giving it an ETag`);
  return { partNumber, etag, size };
}

/**
 * A part may carry an `x-amz-checksum-…` only if its upload was begun with that algorithm, and then each part must, and the completion
 * must repeat them all. The signed hash of the body and `Content-MD5` are verified without that:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
 * @param bytes the body, where it is in memory
 */
function partIntegrity(
  { config, capabilities }: S3Context,
  checksum: Checksum | undefined,
  bytes: Uint8Array | undefined,
): { readonly headers: RequestHeaders; readonly payloadSha256: string | undefined } {
  const { algorithm, value = "" } = checksum ?? {};
  if (algorithm !== undefined && algorithm !== "md5" && algorithm !== "sha256") {
    throw new StorageError("Unsupported", `a part is not held against a ${algorithm}`, {
      hint: "Pass the part's md5 or sha256",
    });
  }
  const sha256 = algorithm === "sha256" ? Buffer.from(value, "base64").toString("hex") : undefined;
  const md5 =
    algorithm === "md5"
      ? Buffer.from(value, "hex").toString("base64")
      : bytes !== undefined && config.profile.contentMd5
        ? hash("md5", bytes, "base64")
        : undefined;
  // A Content-MD5 that is verified is signed as well, so nobody computes a second hash for it.
  const isVerified = md5 !== undefined && capabilities.checksums.onPut.includes("md5");
  return { headers: { "content-md5": md5 }, payloadSha256: sha256 ?? (isVerified ? UNSIGNED_PAYLOAD : undefined) };
}

/** `etag` is empty where the service says none, as Ceph 16. */
export async function completeUpload(
  context: S3Context,
  upload: MultipartUpload,
  parts: readonly PartReference[],
  options: MultipartCompleteOptions,
): Promise<{ readonly etag: string; readonly version: string | undefined }> {
  const { client, config } = context;
  const { key, uploadId } = upload;
  const list = [...parts]
    .sort((one, other) => one.partNumber - other.partNumber)
    .map(
      ({ partNumber, etag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${escapeXml(etag)}"</ETag></Part>`,
    );
  const answer = client.text({
    method: "POST",
    key,
    query: { uploadId },
    headers: { "content-type": "application/xml", ...writeConditionHeaders(options, config.profile) },
    body: Buffer.from(
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list.join("")}</CompleteMultipartUpload>`,
    ),
    slow: true,
    demanded: writeCondition(options),
    signal: options.signal,
  });
  const { headers, text } = await answer.catch(async (error: unknown) => {
    throw await completionError(context, upload, error);
  });
  const result = successDocument(text, "CompleteMultipartUploadResult", headers);
  return { etag: etagOf(result.textOf("ETag")), version: versionOf(headers) };
}

/** The service may begin with status 200 and only then find out that it fails: the error is in the body. */
export function successDocument(text: string, root: string, headers: AnswerHeaders): XmlElement {
  // Some send spaces to keep the connection alive while they work.
  const document = text.trim();
  if (/^(<\?xml[^>]*>)?\s*<Error[\s>]/.test(document)) throw new S3AnswerError(200, headers, document);
  return parseXml(document, root);
}

export async function abortUpload(
  { client }: S3Context,
  { key, uploadId }: MultipartUpload,
  { signal }: OperationOptions,
): Promise<void> {
  try {
    await client.head({ method: "DELETE", key, query: { uploadId }, signal });
  } catch (error) {
    // Gone already. Ceph says NoSuchKey here, others NoSuchUpload.
    if (!(error instanceof S3AnswerError && error.status === 404 && error.code !== "NoSuchBucket")) throw error;
  }
}

/**
 * Ceph answers the completion of an upload that is gone with the same 500 as one that another request is completing. The
 * list of its parts tells the two apart.
 */
async function completionError(context: S3Context, upload: MultipartUpload, error: unknown): Promise<unknown> {
  if (!(error instanceof S3AnswerError) || !/completion is already in progress/.test(error.detail)) return error;
  try {
    await listParts(context, upload, {});
    return new StorageError("Conflict", "another request is completing the same upload", { cause: error });
  } catch (explanation) {
    return explanation;
  }
}

async function listParts(
  { client }: S3Context,
  { key, uploadId }: MultipartUpload,
  { signal }: OperationOptions,
): Promise<readonly ListedPart[]> {
  const parts: ListedPart[] = [];
  for (let marker: string | undefined; ;) {
    const { text } = await client.text({
      method: "GET",
      key,
      query: { uploadId, "part-number-marker": marker },
      signal,
    });
    const page = parseXml(text, "ListPartsResult");
    for (const part of page.all("Part")) {
      const size = part.textOf("Size");
      parts.push({
        partNumber: Number(part.textOf("PartNumber")),
        etag: etagOf(part.textOf("ETag")),
        ...(size === undefined ? {} : { size: Number(size) }),
      });
    }
    const next = page.textOf("NextPartNumberMarker");
    if (page.textOf("IsTruncated") !== "true" || next === undefined || next === marker) return parts;
    marker = next;
  }
}

type ListedUpload = MultipartUpload & { readonly startedAt?: Date | undefined };
type UploadFilter = OperationOptions & { readonly prefix?: string | undefined };

async function* listUploads(context: S3Context, filter: UploadFilter): AsyncGenerator<ListedUpload> {
  const { prefix = "", signal } = filter;
  yield* uploadsBy(context, filter);
  if (prefix === "" || context.config.profile.uploadsByPrefix) return;
  // Those of the key that the prefix is were found by it; the others are among all.
  for await (const upload of uploadsBy(context, { signal })) {
    if (upload.key.startsWith(prefix) && upload.key !== prefix) yield upload;
  }
}

async function* uploadsBy({ client }: S3Context, { prefix, signal }: UploadFilter): AsyncGenerator<ListedUpload> {
  for (let markers: Record<string, string | undefined> = {}; ;) {
    const { text } = await client.text({
      method: "GET",
      // Not asked for `encoding-type=url`: Ceph 16 then encodes the keys and does not say so. Keys that XML cannot hold are refused anyway.
      query: { uploads: "", prefix, ...markers },
      signal,
    });
    const page = parseXml(text, "ListMultipartUploadsResult");
    const isEncoded = page.textOf("EncodingType") === "url";
    for (const upload of page.all("Upload")) {
      const startedAt = new Date(upload.textOf("Initiated") ?? Number.NaN);
      yield {
        key: decodeListed(upload.textOf("Key") ?? "", isEncoded),
        uploadId: upload.textOf("UploadId") ?? "",
        ...(Number.isNaN(startedAt.getTime()) ? {} : { startedAt }),
      };
    }
    const nextKey = page.textOf("NextKeyMarker");
    if (page.textOf("IsTruncated") !== "true" || !nextKey) return;
    const next = {
      "key-marker": decodeListed(nextKey, isEncoded),
      "upload-id-marker": page.textOf("NextUploadIdMarker"),
    };
    if (next["key-marker"] === markers["key-marker"] && next["upload-id-marker"] === markers["upload-id-marker"])
      return;
    markers = next;
  }
}

export function s3Multipart(context: S3Context): DriverMultipart {
  return {
    create: (key, options) => createUpload(context, key, options),
    uploadPart: async (upload, partNumber, body, options) =>
      sendPart(context, upload, partNumber, await partBody(context, body), options),
    listParts: (upload, options) => listParts(context, upload, options),
    async complete(upload, parts, options): Promise<PutResult> {
      const { version } = await completeUpload(context, upload, parts, options);
      // The answer has no size, and on Ceph 16 no ETag.
      const { size, etag, checksums } = await headObject(context, upload.key, { version, signal: options.signal });
      return { key: upload.key, size, etag, version, checksums };
    },
    abort: (upload, options) => abortUpload(context, upload, options),
    list: (options) => listUploads(context, options),
  };
}

/** A stream that fits is held and signed with its hash; a longer one is sent as it comes, which takes its length. */
async function partBody({ config }: S3Context, body: BodySource): Promise<Parameters<typeof sendPart>[3]> {
  if (body.kind === "bytes") return { bytes: body.bytes };
  const { length } = body;
  if (length !== undefined && length > config.partSizeBytes) return { stream: body.open(), length };
  const parts = cutParts(body.open(), () => config.partSizeBytes, length);
  const first = await parts.next();
  if (first.done === true) return { bytes: new Uint8Array() };
  if (first.value.isLast) return { bytes: first.value.bytes };
  await parts.return(undefined);
  throw new StorageError(
    "InvalidArgument",
    `the part is a stream of more than ${config.partSizeBytes} bytes and unknown length`,
    {
      hint: "Pass contentLength, or cut the stream into smaller parts",
    },
  );
}
